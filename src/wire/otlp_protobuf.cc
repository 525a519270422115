// OTLP's ExportLogsServiceRequest. Fields may come in any order, so what others depend on is looked
// for first.
#include "wire/otlp_mapper.h"
#include "wire/protobuf_walk.h"

#include <bit>

namespace logi::wire {
namespace {

using protobuf::Field;
using protobuf::kBytes;
using protobuf::kFixed32;
using protobuf::kFixed64;
using protobuf::kVarint;
using protobuf::walk;

constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;

class OtlpProtobufReader {
  public:
    OtlpProtobufReader(PushRequest& request, DecodeBudget budget, const OtlpOptions& options)
        : mapper_(request, budget, options, OtlpMapper::Texts::kStay) {}

    bool read(std::string_view message) {
        return walk(message, [&](const Field& f) {
            return !f.is(1, kBytes) || read_resource_logs(f.bytes);
        });
    }
    [[nodiscard]] PushError error() const { return mapper_.error(); }

  private:
    bool read_resource_logs(std::string_view message) {
        mapper_.begin_resource();
        const bool ok = walk(message, [&](const Field& f) {
            return !f.is(1, kBytes) || walk(f.bytes, [&](const Field& r) {
                return !r.is(1, kBytes) || read_attribute(r.bytes, &OtlpMapper::resource_attribute);
            });
        });
        return ok && mapper_.end_resource() && walk(message, [&](const Field& f) {
                   return !f.is(2, kBytes) || read_scope_logs(f.bytes);
               });
    }

    bool read_scope_logs(std::string_view message) {
        std::string_view name;
        std::string_view version;
        std::uint64_t dropped = 0;
        mapper_.begin_scope();
        const bool ok = walk(message, [&](const Field& f) {
            return !f.is(1, kBytes) || walk(f.bytes, [&](const Field& s) {
                if (s.is(1, kBytes)) {
                    name = s.bytes;
                } else if (s.is(2, kBytes)) {
                    version = s.bytes;
                } else if (s.is(3, kBytes)) {
                    return read_attribute(s.bytes, &OtlpMapper::scope_attribute);
                } else if (s.is(4, kVarint)) {
                    dropped = s.value;
                }
                return true;
            });
        });
        return ok && mapper_.end_scope(name, version, static_cast<std::uint32_t>(dropped)) &&
               walk(message,
                    [&](const Field& f) { return !f.is(2, kBytes) || read_record(f.bytes); });
    }

    bool read_record(std::string_view message) {
        OtlpRecord record;
        return mapper_.begin_record() &&
               walk(message,
                    [&](const Field& f) {
                        if (f.is(5, kBytes)) {
                            OtlpValue body;
                            return read_value(f.bytes, body, 0) && mapper_.body(body);
                        }
                        return f.is(6, kBytes)
                                   ? read_attribute(f.bytes, &OtlpMapper::record_attribute)
                                   : read_field(f, record);
                    }) &&
               mapper_.end_record(record);
    }

    bool read_field(const Field& f, OtlpRecord& record) {
        if (f.is(1, kFixed64)) {
            record.time_ns = f.value;
        } else if (f.is(2, kVarint)) {
            record.severity_number = static_cast<std::int32_t>(f.value);
        } else if (f.is(3, kBytes)) {
            record.severity_text = f.bytes;
        } else if (f.is(7, kVarint)) {
            record.dropped_attributes = static_cast<std::uint32_t>(f.value);
        } else if (f.is(8, kFixed32)) {
            record.flags = static_cast<std::uint32_t>(f.value);
        } else if (f.is(9, kBytes)) {
            record.trace_id = f.bytes;
            return f.bytes.empty() || f.bytes.size() == kTraceIdBytes ||
                   mapper_.fail(400, "invalid length for TraceID");
        } else if (f.is(10, kBytes)) {
            record.span_id = f.bytes;
            return f.bytes.empty() || f.bytes.size() == kSpanIdBytes ||
                   mapper_.fail(400, "invalid length for SpanID");
        } else if (f.is(11, kFixed64)) {
            record.observed_ns = f.value;
        }
        return true;
    }

    using OnAttribute = bool (OtlpMapper::*)(std::string_view name, const OtlpValue& value);

    bool read_attribute(std::string_view message, OnAttribute on_attribute) {
        std::string_view name;
        OtlpValue value;
        return read_pair(message, name, value, 0) && (mapper_.*on_attribute)(name, value);
    }

    bool read_pair(std::string_view message, std::string_view& name, OtlpValue& value, int depth) {
        return walk(message, [&](const Field& f) {
            if (f.is(1, kBytes)) {
                name = f.bytes;
            }
            return !f.is(2, kBytes) || read_value(f.bytes, value, depth);
        });
    }

    bool read_value(std::string_view message, OtlpValue& value, int depth) {
        if (depth > kOtlpDepthMax) {
            return mapper_.fail(400, "values are nested too deeply");
        }
        return walk(message, [&](const Field& f) {
            using Kind = OtlpValue::Kind;
            if (f.is(1, kBytes) || f.is(7, kBytes)) {
                value.kind = f.number == 1 ? Kind::kText : Kind::kBytes;
                value.text = f.bytes;
            } else if (f.is(2, kVarint) || f.is(3, kVarint)) {
                value.kind = f.number == 2 ? Kind::kBool : Kind::kInt;
                value.integer = static_cast<std::int64_t>(f.value);
            } else if (f.is(4, kFixed64)) {
                value.kind = Kind::kDouble;
                value.real = std::bit_cast<double>(f.value);
            } else if (f.is(5, kBytes) || f.is(6, kBytes)) {
                value.kind = f.number == 5 ? Kind::kList : Kind::kMap;
                value.values.clear();
                value.names.clear();
                return read_values(f.bytes, value, depth);
            }
            return true;
        });
    }

    bool read_values(std::string_view message, OtlpValue& value, int depth) {
        const bool named = value.kind == OtlpValue::Kind::kMap;
        return walk(message, [&](const Field& f) {
            if (!f.is(1, kBytes)) {
                return true;
            }
            if (!mapper_.take(sizeof(OtlpValue) + sizeof(std::string_view))) {
                return false;
            }
            value.values.emplace_back();
            if (!named) {
                return read_value(f.bytes, value.values.back(), depth + 1);
            }
            value.names.emplace_back();
            return read_pair(f.bytes, value.names.back(), value.values.back(), depth + 1);
        });
    }

    OtlpMapper mapper_;
};

}  // namespace

std::variant<PushRequest, PushError> decode_otlp_protobuf(base::Buffer body,
                                                          const DecodeLimits& limits,
                                                          const OtlpOptions& options) {
    PushRequest request;
    request.body = std::move(body);
    OtlpProtobufReader reader(
        request,
        DecodeBudget(request.body.size(), limits.decoded_bytes_max, kOtlpBytesPerByte),
        options);
    if (!reader.read(request.body.view())) {
        return reader.error();
    }
    return request;
}

}  // namespace logi::wire
