// Loki's JSON push body, read on demand.
#include "absl/strings/str_cat.h"
#include "wire/push.h"

#include <simdjson.h>

#include <charconv>

namespace logi::wire {
namespace {

namespace ondemand = simdjson::ondemand;

// Strings are copied into one growing list of chunks that never move.
class Copies {
  public:
    explicit Copies(PushRequest& request) : request_(request) {}
    std::string_view copy(std::string_view s) {
        if (chunk_ == nullptr || chunk_->capacity() - chunk_->size() < s.size()) {
            request_.buffers.push_back(std::make_unique<std::string>());
            chunk_ = request_.buffers.back().get();
            chunk_->reserve(std::max<std::size_t>(s.size(), kChunkBytes));
        }
        const std::size_t at = chunk_->size();
        chunk_->append(s);
        return std::string_view(*chunk_).substr(at);
    }

  private:
    static constexpr std::size_t kChunkBytes = 256U << 10U;
    PushRequest& request_;
    std::string* chunk_ = nullptr;
};

struct BadJson {
    std::string message;
};

[[noreturn]] void refuse(std::string message) {
    throw BadJson{std::move(message)};
}

bool is_null(ondemand::value value) {
    return value.type() == ondemand::json_type::null;
}

class JsonReader {
  public:
    JsonReader(PushRequest& request, const DecodeLimits& limits)
        : request_(request), copies_(request), limits_(limits) {}

    void read(ondemand::document& document) {
        for (auto field : document.get_object()) {
            if (field.unescaped_key().value() == "streams") {
                ondemand::value value = field.value();
                if (is_null(value)) {
                    continue;
                }
                for (ondemand::value stream : value.get_array()) {
                    read_stream(stream);
                }
            }
        }
    }

  private:
    void read_stream(ondemand::value value) {
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

    // Values that are no strings count as their JSON text.
    static void read_labels(ondemand::value value, std::vector<LabelPair>& labels) {
        if (is_null(value)) {
            return;
        }
        for (auto field : value.get_object()) {
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
        if (++entries_ > limits_.entries_max) {
            refuse(absl::StrCat("more than ", limits_.entries_max, " entries"));
        }
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
        if (i < 2) {
            refuse("a value needs a timestamp and a line");
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
            MetadataView pair;
            pair.name = copies_.copy(std::string_view(field.unescaped_key().value()));
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
    const DecodeLimits& limits_;
    std::uint64_t entries_ = 0;
};

}  // namespace

std::variant<PushRequest, PushError> decode_push_json(std::string_view body,
                                                      const DecodeLimits& limits) {
    PushRequest request;
    try {
        thread_local ondemand::parser parser;
        const simdjson::padded_string padded(body);
        ondemand::document document = parser.iterate(padded);
        JsonReader(request, limits).read(document);
    } catch (const simdjson::simdjson_error& e) {
        return PushError{400, absl::StrCat("couldn't parse push request: ", e.what())};
    } catch (const BadJson& e) {
        return PushError{400, absl::StrCat("couldn't parse push request: ", e.message)};
    }
    return request;
}

}  // namespace logi::wire
