"""The door of an agent that has no web server: run it beside the agent, on the same host and state file."""

import sys

import uvicorn
from halon_control import Control

control = Control("payer", state="payer.db")

if __name__ == "__main__":
    uvicorn.run(control.asgi(), port=int(sys.argv[1]))
