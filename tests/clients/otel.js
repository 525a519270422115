// Logs the lines of standard input by OpenTelemetry's SDK:
// node otel.js URL http|proto|grpc [none|gzip] [HEADER=VALUE …]
const readline = require("node:readline");
const { diag, DiagLogLevel } = require("@opentelemetry/api");
const { SeverityNumber } = require("@opentelemetry/api-logs");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchLogRecordProcessor, LoggerProvider } = require("@opentelemetry/sdk-logs");

const [url, protocol, compression = "none", ...pairs] = process.argv.slice(2);
const headers = Object.fromEntries(pairs.map((pair) => pair.split("=", 2)));
diag.setLogger({ ...console, error: (...args) => console.error(...args) }, DiagLogLevel.ERROR);

function options() {
  if (protocol !== "grpc") {
    return { url: url + "/otlp/v1/logs", headers, compression };
  }
  const { Metadata } = require("@grpc/grpc-js");
  const metadata = new Metadata();
  Object.entries(headers).forEach(([name, value]) => metadata.set(name, value));
  return { url, metadata, compression };
}

const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-" + protocol);
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ "service.name": "otel-" + protocol, "host.name": "h1" }),
  processors: [new BatchLogRecordProcessor(new OTLPLogExporter(options()))],
});
const logger = provider.getLogger("tests", "1.0");
let number = 0;
readline
  .createInterface({ input: process.stdin })
  .on("line", (line) =>
    logger.emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: "ERROR",
      body: line,
      attributes: { number: number++, "nested.key": { a: true } },
    }),
  )
  .on("close", () => provider.shutdown());
