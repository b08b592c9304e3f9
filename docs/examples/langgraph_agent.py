"""A LangChain agent on LangGraph under ``halon.control``: put ``@control.tool`` under ``@tool``, and wrap the app.

``Scripted`` stands in for a chat model, so that this runs without a key and without the network. Put yours there.
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from halon_control import Control
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from pydantic import BaseModel

control = Control("concierge", state="concierge.db", fallback="Our front desk will answer you soon.")


@tool
@control.tool(
    authorised=lambda call: call["to"].endswith("@hotel.example"),
    recipient=lambda call: call["to"],
    on_refusal="return",  # the model reads the refusal as the tool's result, and the graph goes on
)
def send_message(to: str, text: str) -> str:
    """Send a message to an address."""
    return f"sent to {to}"


class Scripted(BaseChatModel):
    """Calls ``send_message`` with the first word as the address, then says what the tool answered."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_: Any) -> "Scripted":
        """The script knows its tools."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            said = AIMessage(str(last.content))
        else:
            to, _, text = str(last.content).partition(" ")
            said = AIMessage(
                "", tool_calls=[{"name": "send_message", "args": {"to": to, "text": text}, "id": "call-1"}]
            )
        return ChatResult(generations=[ChatGeneration(message=said)])


agent = create_agent(Scripted(), tools=[send_message])


class Asked(BaseModel):
    """One message of a guest. ``session`` names the conversation."""

    session: str
    message: str


app = FastAPI()


@app.post("/chat")
async def chat(asked: Asked) -> dict[str, str]:
    """Answer a guest."""
    state = await agent.ainvoke({"messages": [("user", asked.message)]})
    return {"reply": str(state["messages"][-1].content)}


if __name__ == "__main__":
    uvicorn.run(control.asgi(app, turns=["/chat"]), port=int(sys.argv[1]))
