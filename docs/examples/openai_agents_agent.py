"""An agent of the OpenAI Agents SDK under ``halon.control``: put ``@control.tool`` under ``@function_tool``.

``Scripted`` stands in for a model, so that this runs without a key and without the network. Put yours there.
"""

import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled
from fastapi import FastAPI
from halon_control import Control
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from pydantic import BaseModel

set_tracing_disabled(True)  # it would be sent to OpenAI; Halon reads the control's own traces
control = Control("concierge", state="concierge.db", fallback="Our front desk will answer you soon.")


@function_tool
@control.tool(
    authorised=lambda call: call["to"].endswith("@hotel.example"),
    recipient=lambda call: call["to"],
    on_refusal="return",  # the model reads the refusal as the tool's result, and the run goes on
)
def send_message(to: str, text: str) -> str:
    """Send a message to an address."""
    return f"sent to {to}"


class Scripted(Model):
    """Calls ``send_message`` with the first word as the address, then says what the tool answered."""

    async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> ModelResponse:
        """One step of the script. ``input`` is what was said so far."""
        last = input[-1] if isinstance(input, list) else {"content": input}
        if last.get("type") == "function_call_output":
            text = ResponseOutputText(text=str(last["output"]), type="output_text", annotations=[])
            said: Any = ResponseOutputMessage(
                id="message-1", content=[text], role="assistant", status="completed", type="message"
            )
        else:
            to, _, words = str(last["content"]).partition(" ")
            arguments = json.dumps({"to": to, "text": words})
            said = ResponseFunctionToolCall(
                arguments=arguments, call_id="call-1", name="send_message", type="function_call"
            )
        return ModelResponse(output=[said], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """The script is not streamed."""
        raise NotImplementedError("the script is not streamed")


agent = Agent(name="concierge", tools=[send_message], model=Scripted())


class Asked(BaseModel):
    """One message of a guest. ``session`` names the conversation."""

    session: str
    message: str


app = FastAPI()


@app.post("/chat")
async def chat(asked: Asked) -> dict[str, str]:
    """Answer a guest."""
    result = await Runner.run(agent, asked.message)
    return {"reply": str(result.final_output)}


if __name__ == "__main__":
    uvicorn.run(control.asgi(app, turns=["/chat"]), port=int(sys.argv[1]))
