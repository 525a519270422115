// Logs the lines of standard input by winston with the transport winston-loki:
// node winston.js URL json|protobuf
const readline = require("node:readline");
const winston = require("winston");
const LokiTransport = require("winston-loki");

const json = process.argv[3] === "json";
const transport = new LokiTransport({
  host: process.argv[2],
  json,
  labels: { client: "winston", format: process.argv[3] },
  interval: 1,
  format: winston.format.printf((info) => info.message),
  gracefulShutdown: false,
  onConnectionError: (error) => {
    console.error(error);
    process.exit(1);
  },
});
const logger = winston.createLogger({ transports: [transport] });
readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => logger.warn(line))
  .on("close", async () => {
    await transport.flush();
    process.exit(0);
  });
