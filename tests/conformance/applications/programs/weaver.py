# SPDX-License-Identifier: Apache-2.0
"""A usual program on Celery, which the worker loads; run by itself it gives the worker things to do.
$BROKER: the URL of the broker; $QUEUE: the name of the queue; $DIARY: the file that says what was begun and done."""
import os
import sys
import time

from celery import Celery

app = Celery("weaver", broker=os.environ["BROKER"])
app.conf.update(
    task_default_queue=os.environ["QUEUE"], worker_enable_remote_control=False, worker_send_task_events=False,
    task_acks_late=True, worker_prefetch_multiplier=1,
    broker_transport_options={"region": "us-east-1", "visibility_timeout": 10, "wait_time_seconds": 2,
                              "polling_interval": 0.1})


def note(what, name):
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{what} {name}\n")


@app.task(name="weave")
def weave(name, seconds=0):
    note("begun", name)
    time.sleep(seconds)
    note("done", name)


@app.task(name="mend", bind=True, default_retry_delay=0)
def mend(self, name):
    note("begun", name)
    if self.request.retries < 2:
        raise self.retry()
    note("done", name)


if __name__ == "__main__":  # weaver.py TASK SECONDS_FROM_NOW NAME [ARGUMENT...]
    task, countdown, name, *more = sys.argv[1:]
    app.send_task(task, (name, *(float(one) for one in more)), countdown=float(countdown) or None)
