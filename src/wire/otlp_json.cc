// OTLP/JSON: the protobuf messages as JSON, with ids in hex, bytes in base64, and 64-bit integers
// as texts. Names are read in both spellings, traceId and trace_id.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wire/json_document.h"
#include "wire/json_repair.h"
#include "wire/otlp_mapper.h"

#include <array>
#include <charconv>
#include <deque>
#include <limits>

namespace logi::wire {
namespace {

namespace ondemand = simdjson::ondemand;

// The mapper, or the reader itself, has said why.
struct Refused {};

// In the order of their numbers.
constexpr std::array<std::string_view, 25> kSeverities = {
    "SEVERITY_NUMBER_UNSPECIFIED", "SEVERITY_NUMBER_TRACE",  "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",      "SEVERITY_NUMBER_TRACE4", "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",      "SEVERITY_NUMBER_DEBUG3", "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",        "SEVERITY_NUMBER_INFO2",  "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",       "SEVERITY_NUMBER_WARN",   "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",       "SEVERITY_NUMBER_WARN4",  "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",      "SEVERITY_NUMBER_ERROR3", "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",       "SEVERITY_NUMBER_FATAL2", "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4"};

bool is(std::string_view key, std::string_view name, std::string_view other) {
    return key == name || key == other;
}

// Walks the whole value. Texts without a structure throw here, where later simdjson, asked for
// fields by name, would go beyond the end of an object.
void check_structure(ondemand::value value, int depth) {
    constexpr int kDepthMax = 1000;
    if (depth > kDepthMax) {
        throw simdjson::simdjson_error(simdjson::DEPTH_ERROR);
    }
    switch (value.type()) {
        case ondemand::json_type::object:
            for (auto field : value.get_object()) {
                check_structure(field.value(), depth + 1);
            }
            break;
        case ondemand::json_type::array:
            for (ondemand::value element : value.get_array()) {
                check_structure(element, depth + 1);
            }
            break;
        default:
            (void)value.raw_json_token();
    }
}

class OtlpJsonReader {
  public:
    OtlpJsonReader(PushRequest& request, DecodeBudget budget, const OtlpOptions& options)
        : mapper_(request, budget, options, OtlpMapper::Texts::kAreCopied) {}

    void read(ondemand::document& document) {
        for (auto field : document.get_object()) {
            check_structure(field.value(), 1);
        }
        document.rewind();
        for (auto field : document.get_object()) {
            const std::string_view key = field.unescaped_key();
            ondemand::value value = field.value();
            if (is(key, "resourceLogs", "resource_logs") && !is_null(value)) {
                for (ondemand::value logs : value.get_array()) {
                    read_resource_logs(logs.get_object());
                }
            }
        }
    }
    [[nodiscard]] PushError error() const { return mapper_.error(); }

  private:
    void must(bool ok) {
        if (!ok) {
            throw Refused{};
        }
    }
    [[noreturn]] void refuse(std::string message) {
        mapper_.fail(400, std::move(message));
        throw Refused{};
    }

    // Calls on_value with the value of a name in any place of the object, if it has one.
    template <typename F>
    static void with(ondemand::object& object,
                     std::initializer_list<std::string_view> names,
                     F on_value) {
        for (const std::string_view name : names) {
            auto found = object.find_field_unordered(name);
            if (found.error() == simdjson::NO_SUCH_FIELD) {
                continue;
            }
            ondemand::value value = std::move(found).value();
            if (!is_null(value)) {
                on_value(value);
            }
            return;
        }
    }

    void read_resource_logs(ondemand::object logs) {
        mapper_.begin_resource();
        with(logs, {"resource"}, [&](ondemand::value resource) {
            for (auto field : resource.get_object()) {
                if (field.unescaped_key().value() == "attributes") {
                    read_attributes(field.value(), &OtlpMapper::resource_attribute);
                }
            }
        });
        must(mapper_.end_resource());
        with(logs, {"scopeLogs", "scope_logs"}, [&](ondemand::value all) {
            for (ondemand::value scope : all.get_array()) {
                read_scope_logs(scope.get_object());
            }
        });
    }

    void read_scope_logs(ondemand::object logs) {
        std::string_view name;
        std::string_view version;
        std::uint64_t dropped = 0;
        mapper_.begin_scope();
        with(logs, {"scope"}, [&](ondemand::value scope) {
            for (auto field : scope.get_object()) {
                const std::string_view key = field.unescaped_key();
                ondemand::value value = field.value();
                if (is_null(value)) {
                    continue;
                }
                if (key == "name") {
                    name = value.get_string();
                } else if (key == "version") {
                    version = value.get_string();
                } else if (key == "attributes") {
                    read_attributes(value, &OtlpMapper::scope_attribute);
                } else if (is(key, "droppedAttributesCount", "dropped_attributes_count")) {
                    dropped = unsigned_of(value);
                }
            }
        });
        must(mapper_.end_scope(name, version, static_cast<std::uint32_t>(dropped)));
        with(logs, {"logRecords", "log_records"}, [&](ondemand::value records) {
            for (ondemand::value record : records.get_array()) {
                read_record(record);
            }
        });
    }

    void read_record(ondemand::value value) {
        must(mapper_.begin_record());
        OtlpRecord record;
        std::string trace_id;
        std::string span_id;
        for (auto field : value.get_object()) {
            const std::string_view key = field.unescaped_key();
            ondemand::value v = field.value();
            if (is_null(v)) {
                continue;
            }
            if (key == "body") {
                OtlpValue body;
                read_value(v, body, 0);
                must(mapper_.body(body));
                decoded_.clear();
            } else if (key == "attributes") {
                read_attributes(v, &OtlpMapper::record_attribute);
            } else if (is(key, "traceId", "trace_id")) {
                trace_id = id_of(v, 16, "TraceID");
            } else if (is(key, "spanId", "span_id")) {
                span_id = id_of(v, 8, "SpanID");
            } else {
                read_field(key, v, record);
            }
        }
        record.trace_id = trace_id;
        record.span_id = span_id;
        must(mapper_.end_record(record));
    }

    void read_field(std::string_view key, ondemand::value value, OtlpRecord& record) {
        if (is(key, "timeUnixNano", "time_unix_nano")) {
            record.time_ns = unsigned_of(value);
        } else if (is(key, "observedTimeUnixNano", "observed_time_unix_nano")) {
            record.observed_ns = unsigned_of(value);
        } else if (is(key, "severityNumber", "severity_number")) {
            record.severity_number = severity_of(value);
        } else if (is(key, "severityText", "severity_text")) {
            record.severity_text = value.get_string();
        } else if (is(key, "droppedAttributesCount", "dropped_attributes_count")) {
            record.dropped_attributes = static_cast<std::uint32_t>(unsigned_of(value));
        } else if (key == "flags") {
            record.flags = static_cast<std::uint32_t>(unsigned_of(value));
        }
    }

    using OnAttribute = bool (OtlpMapper::*)(std::string_view name, const OtlpValue& value);

    void read_attributes(ondemand::value attributes, OnAttribute on_attribute) {
        if (is_null(attributes)) {
            return;
        }
        for (ondemand::value attribute : attributes.get_array()) {
            std::string_view name;
            OtlpValue value;
            read_pair(attribute, name, value, 0);
            must((mapper_.*on_attribute)(name, value));
            decoded_.clear();
        }
    }

    void read_pair(ondemand::value pair, std::string_view& name, OtlpValue& value, int depth) {
        for (auto field : pair.get_object()) {
            const std::string_view key = field.unescaped_key();
            ondemand::value v = field.value();
            if (key == "key") {
                name = v.get_string();
            } else if (key == "value" && !is_null(v)) {
                read_value(v, value, depth);
            }
        }
    }

    void read_value(ondemand::value json, OtlpValue& value, int depth) {
        using Kind = OtlpValue::Kind;
        if (depth > kOtlpDepthMax) {
            refuse("values are nested too deeply");
        }
        for (auto field : json.get_object()) {
            const std::string_view key = field.unescaped_key();
            ondemand::value v = field.value();
            if (is_null(v)) {
                continue;
            }
            if (is(key, "stringValue", "string_value")) {
                value.kind = Kind::kText;
                value.text = v.get_string();
            } else if (is(key, "boolValue", "bool_value")) {
                value.kind = Kind::kBool;
                value.integer = v.get_bool().value() ? 1 : 0;
            } else if (is(key, "intValue", "int_value")) {
                value.kind = Kind::kInt;
                value.integer = signed_of(v);
            } else if (is(key, "doubleValue", "double_value")) {
                value.kind = Kind::kDouble;
                value.real = double_of(v);
            } else if (is(key, "bytesValue", "bytes_value")) {
                value.kind = Kind::kBytes;
                value.text = bytes_of(v);
            } else if (is(key, "arrayValue", "array_value")) {
                value.kind = Kind::kList;
                read_values(v, value, depth);
            } else if (is(key, "kvlistValue", "kvlist_value")) {
                value.kind = Kind::kMap;
                read_values(v, value, depth);
            }
        }
    }

    void read_values(ondemand::value list, OtlpValue& value, int depth) {
        const bool named = value.kind == OtlpValue::Kind::kMap;
        value.values.clear();
        value.names.clear();
        for (auto field : list.get_object()) {
            const std::string_view key = field.unescaped_key();
            ondemand::value values = field.value();
            if (key != "values" || is_null(values)) {
                continue;
            }
            for (ondemand::value item : values.get_array()) {
                must(mapper_.take(sizeof(OtlpValue) + sizeof(std::string_view)));
                value.values.emplace_back();
                if (named) {
                    value.names.emplace_back();
                    read_pair(item, value.names.back(), value.values.back(), depth + 1);
                } else {
                    read_value(item, value.values.back(), depth + 1);
                }
            }
        }
    }

    // Numbers may be texts.
    template <typename T>
    T number_in(std::string_view text) {
        T number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) {
            refuse(absl::StrCat("'", std::string(text.substr(0, 100)), "' is not a number"));
        }
        return number;
    }

    static bool is_text(ondemand::value value) {
        return value.type() == ondemand::json_type::string;
    }

    std::uint64_t unsigned_of(ondemand::value value) {
        return is_text(value) ? number_in<std::uint64_t>(value.get_string())
                              : value.get_uint64().value();
    }

    std::int64_t signed_of(ondemand::value value) {
        return is_text(value) ? number_in<std::int64_t>(value.get_string())
                              : value.get_int64().value();
    }

    double double_of(ondemand::value value) {
        if (!is_text(value)) {
            return value.get_double();
        }
        const std::string_view text = value.get_string();
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        return text == "NaN"         ? std::numeric_limits<double>::quiet_NaN()
               : text == "Infinity"  ? kInfinity
               : text == "-Infinity" ? -kInfinity
                                     : number_in<double>(text);
    }

    std::int32_t severity_of(ondemand::value value) {
        if (!is_text(value)) {
            return static_cast<std::int32_t>(value.get_int64().value());
        }
        const std::string_view name = value.get_string();
        const auto* it = std::find(kSeverities.begin(), kSeverities.end(), name);
        return it == kSeverities.end() ? 0 : static_cast<std::int32_t>(it - kSeverities.begin());
    }

    std::string_view bytes_of(ondemand::value value) {
        const std::string_view text = value.get_string();
        must(mapper_.take(text.size()));
        decoded_.emplace_back();
        if (!absl::Base64Unescape(std::string(text), &decoded_.back())) {
            refuse("bytesValue is not base64");
        }
        return decoded_.back();
    }

    std::string id_of(ondemand::value value, std::size_t bytes, const char* what) {
        const std::string_view text = value.get_string();
        const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (!text.empty() && (!hex || text.size() != 2 * bytes)) {
            refuse(absl::StrCat("invalid length for ", what));
        }
        return absl::HexStringToBytes(std::string(text));
    }

    OtlpMapper mapper_;
    std::deque<std::string> decoded_;  // bytes of the value at hand
};

std::variant<PushRequest, PushError> try_read(std::string& body,
                                              const DecodeLimits& limits,
                                              const OtlpOptions& options) {
    PushRequest request;
    OtlpJsonReader reader(
        request, DecodeBudget(body.size(), limits.decoded_bytes_max, kOtlpBytesPerByte), options);
    try {
        read_json(body, [&](ondemand::document& document) { reader.read(document); });
    } catch (const simdjson::simdjson_error& e) {
        return PushError{400, absl::StrCat("couldn't parse OTLP request: ", e.what())};
    } catch (const Refused&) {
        return reader.error();
    }
    return request;
}

}  // namespace

std::variant<PushRequest, PushError> decode_otlp_json(std::string body,
                                                      const DecodeLimits& limits,
                                                      const OtlpOptions& options) {
    auto decoded = try_read(body, limits, options);
    const auto* error = std::get_if<PushError>(&decoded);
    if (error == nullptr || error->status != 400) {
        return decoded;
    }
    // Loki reads bytes that are not UTF-8, too.
    std::string repaired = repair_json(body, limits.decompressed_bytes_max);
    if (repaired.empty() || repaired == body) {
        return decoded;
    }
    body = {};
    return try_read(repaired, limits, options);
}

}  // namespace logi::wire
