"""Is the part of Halon that runs in this container at work? Exit code 0 if it is, else 1 and one line that says why.

A gateway is asked over HTTP. A worker has no door, so Temporal is asked whether this very worker polled for work lately.
"""

import asyncio
import os
import socket
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECONDS = 8
# A long poll lasts up to a minute; one that was not seen for longer is gone.
POLLED_WITHIN = timedelta(seconds=75)


def gateway() -> str:
    """Empty if the front door answers that all is there."""
    url = f"http://127.0.0.1:{os.environ.get('HALON_GATEWAY_PORT', '').strip() or 8600}/healthz"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=SECONDS) as answer:
            return "" if answer.status == 200 else f"{url} answers {answer.status}"
    except urllib.error.HTTPError as error:
        return error.read(600).decode("utf-8", "replace")
    except OSError as error:
        return f"{url} does not answer: {error}"


async def worker() -> str:
    """Empty if Temporal saw this worker poll."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

    from halon.client import connect, identity
    from halon.settings import Settings

    settings = Settings.from_environ(os.environ)
    client = await connect(settings, role="health")
    found = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=settings.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=timedelta(seconds=SECONDS),
    )
    oldest, me = datetime.now(UTC) - POLLED_WITHIN, identity("worker")
    seen = {poller.identity for poller in found.pollers if poller.last_access_time.ToDatetime(UTC) > oldest}
    return "" if me in seen else f"{me} does not poll the task queue {settings.task_queue}"


def role() -> str:
    """What runs here: the first argument, or else what the container was started with."""
    words = sys.argv[1:] or Path("/proc/1/cmdline").read_text("utf-8", "replace").split("\0")
    return next((word for word in words if word in ("gateway", "worker")), "")


def main() -> int:
    """Look, and say what is wrong."""
    running = role()
    if running == "gateway":
        wrong = gateway()
    elif running == "worker":
        try:
            wrong = asyncio.run(asyncio.wait_for(worker(), SECONDS))
        except Exception as error:  # whatever it is: not healthy, and this line says so
            wrong = f"{type(error).__name__}: {error}"
    else:
        wrong = f"neither gateway nor worker runs in {socket.gethostname()}"
    if wrong:
        sys.stdout.write(wrong[:1000] + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the SDK can abort while the interpreter ends
