#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=120
"""Sessions by raw HTTP: leases that live and die with a connection, and every way back."""
import json
import signal

from harness import Broker, Case, Refused, evidence, eventually, kill, main


class Session:
    """A worker as the broker sees it: a kept connection, and what was taken on it."""

    def __init__(self, case, broker, resume="", holding=()):
        self.broker = broker
        self.wire = broker.open_wire(case)
        members = {"SessionId": resume, "Holding": list(holding)} if resume else {}
        self.id = self.wire.call("Selvage.OpenSession", **members)["SessionId"]

    def receive(self, queue="in", count=1, wait=0, **more):
        return self.wire.call("Selvage.Receive", QueueUrl=self.broker.url(queue), SessionId=self.id,
                              MaxNumberOfMessages=count, WaitTimeSeconds=wait, **more)["Messages"]

    def take(self, queue="in"):
        (message,) = self.receive(queue, wait=20, VisibilityTimeoutMs=600_000)
        return message

    def settle(self, action, *entries):
        return [result["Outcome"] for result in
                self.wire.call("Selvage." + action, Entries=list(entries))["Results"]]

    def hand_over(self, message, *outputs):
        return self.settle("HandOver", {"ReceiptHandle": message["ReceiptHandle"], "Outputs": [
            {"QueueUrl": self.broker.url(queue), "MessageBody": body} for queue, body in outputs]})[0]

    def fail(self, message, poison=False, **told):
        return self.settle("Fail", {"ReceiptHandle": message["ReceiptHandle"], "Evidence": told,
                                    "Poison": poison})[0]

    def give_back(self, message, delay_ms=0):
        return self.settle("Return", {"ReceiptHandle": message["ReceiptHandle"],
                                      "DelayMs": delay_ms})[0]

    def vanish(self):
        self.wire.close()


class Sessions(Case):
    def setUp(self):
        super().setUp()
        self.serve()
        self.make_queues()

    def serve(self, listen="127.0.0.1:0"):
        self.server = self.broker(listen=listen)

    def make_queues(self, attempts=3, low=1, high=2):
        self.server.create("dead")
        self.server.create("out")
        self.server.create("in", RedrivePolicy=json.dumps({
            "deadLetterTargetArn": self.arn("dead"), "maxReceiveCount": 1000}))
        self.server.call("Selvage.SetRetryPolicy", QueueUrl=self.server.url("in"), Attempts=attempts,
                         BackoffMinMs=low, BackoffMaxMs=high)

    def arn(self, queue):
        return self.server.call("AmazonSQS.GetQueueAttributes", QueueUrl=self.server.url(queue),
                                AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def session(self, **how):
        return Session(self, self.server, **how)

    def restart(self, number=signal.SIGKILL):
        address = self.server.address
        kill(self.server.pid, number)
        self.server.wait()
        self.serve(address)

    def test_a_closed_connection_revokes_its_leases_at_once_and_burns_one_attempt(self):
        self.server.send("in", "m")
        worker, other = self.session(), self.session()
        self.assertEqual(worker.take()["Failed"], 0)
        self.assertEqual(other.receive(), [])
        worker.vanish()
        again = other.take()  # the lease was for ten minutes
        self.assertEqual((again["Body"], again["Failed"]), ("m", 1))
        self.assertEqual(self.server.counts("in")["Revoked"], 1)

    def test_only_the_oldest_lease_of_a_vanished_session_burns_an_attempt(self):
        for n in range(4):
            self.server.send("in", f"m{n}")
        worker, other = self.session(), self.session()
        taken = [message["Body"] for message in worker.receive(count=4, wait=20)]
        self.assertEqual(taken, ["m0", "m1", "m2", "m3"])
        worker.vanish()
        eventually(lambda: self.server.counts("in")["Visible"] == 4, "the leases are revoked")
        failed = {message["Body"]: message["Failed"] for message in other.receive(count=4)}
        self.assertEqual(failed, {"m0": 1, "m1": 0, "m2": 0, "m3": 0})

    def test_a_revoked_lease_can_do_nothing_any_more(self):
        self.server.send("in", "m")
        worker, other = self.session(), self.session()
        stale = worker.take()
        worker.vanish()
        fresh = other.take()
        late = self.session()
        self.assertEqual(late.hand_over(stale, ("out", "twice")), "LeaseGone")
        self.assertEqual(late.give_back(stale), "LeaseGone")
        self.assertEqual(late.fail(stale, why="late"), "LeaseGone")
        self.assertEqual(self.server.counts("out")["Sent"], 0)
        self.assertEqual(other.hand_over(fresh, ("out", "once")), "Done")
        self.assertEqual(self.server.bodies("out", 1), ["once"])
        self.assertEqual(other.hand_over(fresh, ("out", "again")), "LeaseGone")
        self.assertEqual(self.server.counts("out")["Sent"], 1)

    def test_a_hand_over_removes_the_input_and_sends_every_output(self):
        self.server.create("more")
        self.server.send("in", "m")
        worker = self.session()
        outcome = worker.hand_over(worker.take(), ("out", "x"), ("more", "y"), ("out", "z"))
        self.assertEqual(outcome, "Done")
        self.restart()
        self.assertEqual(self.server.bodies("out", 2), ["x", "z"])
        self.assertEqual(self.server.bodies("more", 1), ["y"])
        numbers = self.server.counts("in")
        self.assertEqual((numbers["Visible"], numbers["InFlight"], numbers["HandedOver"]), (0, 0, 1))

    def test_a_hand_over_to_a_missing_queue_is_refused_whole_and_keeps_the_lease(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        self.assertEqual(worker.hand_over(message, ("out", "x"), ("nowhere", "y")), "NoSuchQueue")
        self.assertEqual(self.server.counts("out")["Sent"], 0)
        self.assertEqual(self.server.counts("in")["InFlight"], 1)
        self.assertEqual(worker.hand_over(message, ("out", "x")), "Done")

    def test_a_hand_over_that_is_too_large_is_refused_and_keeps_the_lease(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        self.assertEqual(worker.hand_over(message, ("out", "x" * ((1 << 20) + 1))), "TooLarge")
        self.assertEqual(worker.hand_over(message, ("out", "x" * (1 << 20))), "Done")

    def test_a_hand_over_with_an_artifact_that_nobody_staged_is_refused(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        output = {"QueueUrl": self.server.url("out"), "MessageBody": "x",
                  "Artifact": "00000000-0000-4000-8000-000000000001"}
        self.assertEqual(worker.settle("HandOver", {"ReceiptHandle": message["ReceiptHandle"],
                                                    "Outputs": [output]}), ["NoArtifact"])
        output["Artifact"] = "../../etc"
        with self.assertRaises(Refused):
            worker.settle("HandOver", {"ReceiptHandle": message["ReceiptHandle"], "Outputs": [output]})
        self.assertEqual(self.server.counts("in")["InFlight"], 1)

    def test_each_entry_of_a_call_has_its_own_outcome(self):
        for n in range(3):
            self.server.send("in", f"m{n}")
        worker = self.session()
        one, two, three = worker.receive(count=3, wait=20)
        worker.hand_over(two)
        entries = [{"ReceiptHandle": message["ReceiptHandle"], "Outputs": []}
                   for message in (one, two, three)]
        self.assertEqual(worker.settle("HandOver", *entries), ["Done", "LeaseGone", "Done"])

    def test_what_is_returned_comes_back_unburnt_and_first(self):
        for n in range(3):
            self.server.send("in", f"m{n}")
        worker = self.session()
        first = worker.take()
        self.assertEqual(worker.give_back(first), "Done")
        again = worker.receive(count=3)
        self.assertEqual([(one["Body"], one["Failed"]) for one in again],
                         [("m0", 0), ("m1", 0), ("m2", 0)])
        self.assertEqual(worker.give_back(again[0], delay_ms=3_600_000), "Done")
        self.assertEqual(self.server.counts("in")["Delayed"], 1)

    def test_the_last_failure_dead_letters_the_message_with_all_evidence(self):
        self.server.send("in", "m")
        worker = self.session()
        outcomes = [worker.fail(worker.take(), why=f"n{n}") for n in range(3)]
        self.assertEqual(outcomes, ["Retry", "Retry", "Dead"])
        self.restart()
        dead = self.server.take_one("dead")
        self.assertEqual(dead["Body"], "m")
        self.assertEqual(evidence(dead), [{"why": "n0"}, {"why": "n1"}, {"why": "n2"}])

    def test_poison_is_dead_at_its_first_failure(self):
        self.server.send("in", "m")
        worker = self.session()
        self.assertEqual(worker.fail(worker.take(), poison=True, why="inedible"), "Dead")
        self.assertEqual(evidence(self.server.take_one("dead")), [{"why": "inedible"}])

    def test_workers_that_vanish_again_and_again_make_a_dead_letter_that_says_so(self):
        self.server.send("in", "m")
        for _ in range(3):
            worker = self.session()
            worker.take()
            worker.vanish()
        dead = evidence(self.server.take_one("dead"))
        self.assertEqual([one["cause"] for one in dead], ["the worker's connection closed"] * 3)

    def test_the_back_off_grows_and_is_capped(self):
        self.make_queues(attempts=6, low=50, high=100)
        self.server.send("in", "m")
        worker = self.session()
        delays = []
        for _ in range(5):
            (result,) = worker.wire.call("Selvage.Fail", Entries=[
                {"ReceiptHandle": worker.take()["ReceiptHandle"], "Evidence": {}}])["Results"]
            delays.append(result["DelayMs"])
        self.assertEqual(delays[0], 0)
        for delay, (least, most) in zip(delays[1:], [(25, 50), (50, 100), (50, 100), (50, 100)]):
            self.assertTrue(least <= delay <= most, delays)

    def test_a_session_is_resumed_after_the_broker_was_killed_and_keeps_its_leases(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        self.restart()
        back = self.session(resume=worker.id, holding=[message["ReceiptHandle"]])
        self.assertEqual(back.id, worker.id)
        self.assertEqual(self.session().receive(), [])
        self.assertEqual(back.hand_over(message, ("out", "x")), "Done")
        self.assertEqual(self.server.counts("in")["Failed"], 0)

    def test_an_orderly_restart_of_the_broker_burns_nothing_either(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        self.restart(signal.SIGTERM)
        back = self.session(resume=worker.id, holding=[message["ReceiptHandle"]])
        self.assertEqual(back.hand_over(message, ("out", "x")), "Done")
        self.assertEqual(self.server.counts("in")["Failed"], 0)

    def test_a_lease_that_a_resumed_session_does_not_know_of_is_returned_unburnt(self):
        for n in range(2):
            self.server.send("in", f"m{n}")
        worker = self.session()
        held, unheard = worker.receive(count=2, wait=20)
        self.restart()
        back = self.session(resume=worker.id, holding=[held["ReceiptHandle"]])
        again = back.take()
        self.assertEqual((again["Body"], again["Failed"]), (unheard["Body"], 0))
        self.assertEqual(back.hand_over(held), "Done")

    def test_a_session_that_is_not_resumed_loses_its_leases_after_the_grace(self):
        self.server.send("in", "m")
        worker = self.session()
        stale = worker.take()
        self.restart()
        other = self.session()
        again = other.take()
        self.assertEqual((again["Body"], again["Failed"]), ("m", 1))
        with self.assertRaises(Refused) as refused:
            self.session(resume=worker.id, holding=[stale["ReceiptHandle"]])
        self.assertEqual(refused.exception.kind, "SessionEnded")
        self.assertEqual(other.hand_over(stale, ("out", "twice")), "LeaseGone")

    def test_an_old_connection_does_not_end_a_session_that_was_resumed_elsewhere(self):
        self.server.send("in", "m")
        worker = self.session()
        message = worker.take()
        back = self.session(resume=worker.id, holding=[message["ReceiptHandle"]])
        worker.vanish()
        self.assertEqual(self.session().receive(wait=1), [])
        self.assertEqual(back.hand_over(message, ("out", "x")), "Done")

    def test_a_session_that_says_goodbye_burns_nothing(self):
        self.server.send("in", "m")
        worker = self.session()
        worker.take()
        worker.wire.call("Selvage.CloseSession", SessionId=worker.id)
        again = self.session().take()
        self.assertEqual((again["Body"], again["Failed"]), ("m", 0))
        with self.assertRaises(Refused) as refused:
            worker.receive()
        self.assertEqual(refused.exception.kind, "SessionEnded")

    def test_a_long_poll_of_a_vanished_worker_takes_nothing(self):
        for poll_closes in (True, False):
            with self.subTest(poll_closes=poll_closes):
                worker = self.session()
                poll = self.server.open_wire(self)
                poll.http.request("POST", "/", json.dumps({
                    "QueueUrl": self.server.url("in"), "SessionId": worker.id, "WaitTimeSeconds": 20}),
                    {"X-Amz-Target": "Selvage.Receive"})
                if poll_closes:
                    poll.close()
                worker.vanish()
                if not poll_closes:
                    self.assertEqual(poll.http.getresponse().status, 409)  # SessionEnded
                self.server.send("in", "m")
                other = self.session()
                again = other.take()
                self.assertEqual(again["Body"], "m")
                self.assertEqual(other.hand_over(again), "Done")

    def test_a_killed_broker_has_everything_that_it_acknowledged(self):
        sent = {self.server.send("out", f"m{n}"): f"m{n}" for n in range(50)}
        self.restart()
        found = {message["MessageId"]: message["Body"] for message in self.server.take("out", 50)}
        self.assertEqual(found, sent)


class InMemory(Case):
    def test_a_broker_in_memory_keeps_nothing_on_disk_and_forgets_everything(self):
        broker = self.broker("--memory")
        broker.create("q")
        broker.send("q", "m")
        self.assertEqual(broker.take_one("q")["Body"], "m")
        address = broker.address
        self.assertEqual(broker.stop(), 0)
        self.assertEqual([path.name for path in self.folder.iterdir()], [broker.errors_file.name])
        again = Broker(self, self.folder, "--memory", listen=address)
        self.assertEqual(again.statistics(), {})
        self.assertEqual(again.stop(), 0)


if __name__ == "__main__":
    main()
