// SPDX-License-Identifier: Apache-2.0
// A usual program on sqs-consumer. It prints a line of JSON for each message that it begins and each that it has done.
// What a body says is done: {"name": ..., "seconds": 2, "fail": "once" or "always"}.
import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const { endpoint, queueUrl, inBatches, options } = JSON.parse(process.argv[2]);
const failed = new Set();
const tell = (what, name) => process.stdout.write(JSON.stringify([what, name]) + "\n");

async function handle({ Body }) {
  const { name, seconds = 0, fail } = JSON.parse(Body);
  tell("begun", name);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  if (fail === "always" || (fail === "once" && !failed.has(name))) {
    failed.add(name);
    throw new Error(`${name} fails`);
  }
  tell("done", name);
}

const handler = inBatches
  ? { batchSize: 10, handleMessageBatch: async (messages) => {
    for (const message of messages) await handle(message);
    return messages;
  } }
  : { handleMessage: async (message) => {
    await handle(message);
    return message;
  } };
const consumer = Consumer.create({
  queueUrl, waitTimeSeconds: 5, suppressFifoWarning: true, ...handler, ...options,
  sqs: new SQSClient({ endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }),
});
consumer.on("error", (error) => tell("error", String(error)));
consumer.on("processing_error", () => {}); // the message comes again
consumer.on("started", () => tell("started", ""));
consumer.start();
