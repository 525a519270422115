// Loki's JSON push bodies, read on demand.
#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"
#include "wire/copies.h"
#include "wire/decode_budget.h"
#include "wire/json_document.h"
#include "wire/json_repair.h"
#include "wire/push.h"

#include <charconv>

namespace logi::wire {
namespace {

namespace ondemand = simdjson::ondemand;

struct BadJson {
    int status;
    std::string message;
};

[[noreturn]] void refuse(std::string message) {
    throw BadJson{400, absl::StrCat("couldn't parse push request: ", message)};
}

// The key as it is written, without its quotes: Loki does not unescape names of metadata.
std::string_view raw_key(ondemand::raw_json_string key) {
    const char* begin = key.raw();
    const char* end = begin;
    while (*end != '"') {
        end += *end == '\\' ? 2 : 1;
    }
    return {begin, static_cast<std::size_t>(end - begin)};
}

class JsonReader {
  public:
    JsonReader(PushRequest& request, DecodeBudget budget, JsonLayout layout)
        : request_(request), copies_(request), budget_(budget), layout_(layout) {}

    void read(ondemand::document& document) {
        if (document.type() == ondemand::json_type::null && document.is_null()) {
            return;
        }
        for (auto field : document.get_object()) {
            if (field.unescaped_key().value() == "streams") {
                ondemand::value value = field.value();
                if (is_null(value)) {
                    continue;
                }
                for (ondemand::value stream : value.get_array()) {
                    if (layout_ == JsonLayout::kV1) {
                        read_stream(stream);
                    } else {
                        read_legacy_stream(stream);
                    }
                }
            }
        }
    }

  private:
    void take(std::uint64_t bytes) {
        if (!budget_.take(bytes)) {
            throw BadJson{413, kTooManyParts};
        }
    }

    void read_stream(ondemand::value value) {
        take(sizeof(PushStream));
        PushStream stream;
        std::vector<LabelPair> labels;
        for (auto field : value.get_object()) {
            const std::string_view key = field.unescaped_key();
            if (key == "stream") {
                read_labels(field.value(), labels);
            } else if (key == "values") {
                ondemand::value values = field.value();
                if (is_null(values)) {
                    continue;
                }
                for (ondemand::value entry : values.get_array()) {
                    if (!is_null(entry)) {
                        read_entry(entry, stream);
                    }
                }
            }
        }
        stream.labels = std::move(labels);
        request_.streams.push_back(std::move(stream));
    }

    void read_legacy_stream(ondemand::value value) {
        PushStream stream;
        stream.labels = std::string_view();
        for (auto field : value.get_object()) {
            const std::string_view key = field.unescaped_key();
            if (key == "labels") {
                stream.labels = copies_.copy(field.value().get_string().value());
            } else if (key == "entries") {
                ondemand::value entries = field.value();
                if (is_null(entries)) {
                    continue;
                }
                for (ondemand::value entry : entries.get_array()) {
                    read_legacy_entry(entry, stream);
                }
            }
        }
        request_.streams.push_back(std::move(stream));
    }

    void read_legacy_entry(ondemand::value value, PushStream& stream) {
        take(sizeof(EntryView));
        EntryView entry;
        // As in Loki, an entry without a time is of the year 1.
        entry.time = Timestamp::min();
        for (auto field : value.get_object()) {
            const std::string_view key = field.unescaped_key();
            if (key == "ts") {
                const auto time = parse_rfc3339(field.value().get_string().value());
                if (!time.ok()) {
                    refuse(std::string(time.status().message()));
                }
                entry.time = *time;
            } else if (key == "line") {
                entry.line = copies_.copy(field.value().get_string().value());
            } else if (key == "structuredMetadata") {
                read_metadata(field.value(), entry);
            }
        }
        stream.entries.push_back(std::move(entry));
    }

    // Values that are no strings count as their JSON text.
    void read_labels(ondemand::value value, std::vector<LabelPair>& labels) {
        if (is_null(value)) {
            return;
        }
        for (auto field : value.get_object()) {
            take(sizeof(LabelPair));
            LabelPair pair;
            pair.name = std::string(field.unescaped_key().value());
            ondemand::value v = field.value();
            if (v.type() == ondemand::json_type::string) {
                pair.value = std::string(v.get_string().value());
            } else {
                std::string_view text = simdjson::to_json_string(v).value();
                while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
                    text.remove_suffix(1);
                }
                pair.value = std::string(text);
            }
            labels.push_back(std::move(pair));
        }
    }

    void read_entry(ondemand::value value, PushStream& stream) {
        take(sizeof(EntryView));
        EntryView entry;
        std::size_t i = 0;
        for (ondemand::value element : value.get_array()) {
            if (i == 0) {
                entry.time = read_time(element);
            } else if (i == 1) {
                entry.line = copies_.copy(element.get_string().value());
            } else if (i == 2) {
                read_metadata(element, entry);
            }
            ++i;
        }
        if (i == 0) {
            refuse("a value needs a timestamp");
        }
        stream.entries.push_back(std::move(entry));
    }

    static Timestamp read_time(ondemand::value value) {
        if (value.type() != ondemand::json_type::string) {
            refuse("the timestamp must be a string of nanoseconds");
        }
        const std::string_view text = value.get_string();
        std::int64_t ns = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ns);
        if (error != std::errc() || end != text.data() + text.size()) {
            refuse(absl::StrCat(
                "strconv.ParseInt: parsing \"", std::string(text), "\": invalid syntax"));
        }
        return {ns};
    }

    void read_metadata(ondemand::value value, EntryView& entry) {
        if (value.type() != ondemand::json_type::object) {
            refuse("structured metadata must be an object");
        }
        for (auto field : value.get_object()) {
            take(sizeof(MetadataView));
            MetadataView pair;
            pair.name = copies_.copy(raw_key(field.key()));
            ondemand::value v = field.value();
            if (v.type() != ondemand::json_type::string) {
                refuse(
                    "Value looks like object or number: structured metadata values must be "
                    "strings");
            }
            pair.value = copies_.copy(v.get_string().value());
            entry.metadata.push_back(pair);
        }
    }

    PushRequest& request_;
    Copies copies_;
    DecodeBudget budget_;
    const JsonLayout layout_;
};

std::variant<PushRequest, PushError> try_parse(std::string& body,
                                               const DecodeLimits& limits,
                                               JsonLayout layout) {
    PushRequest request;
    JsonReader reader(request, DecodeBudget(body.size(), limits.decoded_bytes_max), layout);
    try {
        read_json(body, [&](ondemand::document& document) { reader.read(document); });
    } catch (const simdjson::simdjson_error& e) {
        return PushError{400, absl::StrCat("couldn't parse push request: ", e.what())};
    } catch (const BadJson& e) {
        return PushError{e.status, e.message};
    }
    return request;
}

}  // namespace

std::variant<PushRequest, PushError> decode_push_json(std::string body,
                                                      const DecodeLimits& limits,
                                                      JsonLayout layout) {
    auto decoded = try_parse(body, limits, layout);
    if (!std::holds_alternative<PushError>(decoded) || std::get<PushError>(decoded).status != 400) {
        return decoded;
    }
    std::string repaired = repair_json(body, limits.decompressed_bytes_max);
    if (repaired.empty() || repaired == body) {
        return decoded;
    }
    body = {};
    return try_parse(repaired, limits, layout);
}

}  // namespace logi::wire
