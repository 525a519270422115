#include "ingest/validate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include <ctime>

namespace logi::ingest {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 3339 in UTC with whole seconds, as Go's time.RFC3339 prints it.
std::string rfc3339(Timestamp t) {
    const std::int64_t ns = t.ns % kNanosPerSecond;
    const std::time_t seconds = t.ns / kNanosPerSecond - (ns < 0 ? 1 : 0);
    std::tm tm{};
    ::gmtime_r(&seconds, &tm);
    return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ",
                           tm.tm_year + 1900,
                           tm.tm_mon + 1,
                           tm.tm_mday,
                           tm.tm_hour,
                           tm.tm_min,
                           tm.tm_sec);
}

std::uint64_t entry_bytes(const EntryView& entry) {
    std::uint64_t bytes = entry.line.size();
    for (const auto& pair : entry.metadata) {
        bytes += pair.name.size() + pair.value.size();
    }
    return bytes;
}

constexpr std::string_view kMetadataDocs =
    "Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to "
    "enable it.";

class Validator {
  public:
    Validator(const Limits& limits, Timestamp now) : limits_(limits), now_(now) {}

    Validated run(wire::PushRequest& request) {
        if (request.streams.empty()) {
            fail(422, "error at least one valid stream is required for ingestion");
            return std::move(out_);
        }
        for (auto& stream : request.streams) {
            if (!stream.entries.empty()) {
                take_stream(stream);
            }
            if (out_.fatal_status != 0) {
                out_.streams.clear();
                break;
            }
        }
        std::erase_if(out_.streams, [](const AcceptedStream& s) { return s.entries.empty(); });
        return std::move(out_);
    }

  private:
    void fail(int status, std::string message) {
        out_.fatal_status = status;
        out_.fatal_message = std::move(message);
    }

    void refuse(const std::string& reason,
                std::string message,
                std::uint64_t lines,
                std::uint64_t bytes) {
        out_.errors.push_back(std::move(message));
        auto& count = out_.discarded[reason];
        count.lines += lines;
        count.bytes += bytes;
    }

    void take_stream(wire::PushStream& stream) {
        const auto refuse_stream = [&](const std::string& reason, std::string message) {
            std::uint64_t bytes = 0;
            for (const auto& entry : stream.entries) {
                bytes += entry_bytes(entry);
            }
            refuse(reason, std::move(message), stream.entries.size(), bytes);
        };
        auto labels = labels_of(stream);
        if (!labels.ok()) {
            // A label set that cannot be read fails a JSON push whole, as in Loki.
            if (std::holds_alternative<std::vector<LabelPair>>(stream.labels)) {
                fail(400, std::string(labels.status().message()));
            } else {
                refuse_stream("invalid_labels", std::string(labels.status().message()));
            }
            return;
        }
        add_service_name(*labels);
        const std::string text = labels->to_string();
        if (const std::string error = check_labels(*labels, text); !error.empty()) {
            refuse_stream(label_reason_, error);
            return;
        }
        take_entries(stream.entries, text);
        AcceptedStream& accepted = stream_of(*std::move(labels));
        if (accepted.entries.empty()) {
            accepted.entries = std::move(stream.entries);
        } else {
            accepted.entries.insert(accepted.entries.end(),
                                    std::make_move_iterator(stream.entries.begin()),
                                    std::make_move_iterator(stream.entries.end()));
        }
    }

    // Leaves only what is accepted, normalised.
    void take_entries(std::vector<EntryView>& entries, const std::string& text) {
        Timestamp previous = Timestamp::min();
        std::string_view previous_line;
        std::size_t kept = 0;
        for (EntryView& entry : entries) {
            const std::uint64_t size = entry_bytes(entry);
            std::string reason;
            if (const std::string error = check_entry(entry, text, reason); !error.empty()) {
                refuse(reason, error, 1, size);
                continue;
            }
            if (!entry.metadata.empty()) {
                if (const auto status = normalise_metadata(entry); !status.ok()) {
                    fail(500, std::string(status.message()));
                    return;
                }
            }
            if (limits_.increment_duplicate_timestamp && entry.time == previous &&
                entry.line != previous_line) {
                entry.time = entry.time + Duration{1};
            }
            previous = entry.time;
            previous_line = entry.line;
            ++out_.lines;
            out_.bytes += entry_bytes(entry);
            if (&entries[kept] != &entry) {
                entries[kept] = std::move(entry);
            }
            ++kept;
        }
        entries.resize(kept);
    }

    static StatusOr<Labels> labels_of(const wire::PushStream& stream) {
        if (const auto* text = std::get_if<std::string_view>(&stream.labels)) {
            auto labels = Labels::parse(*text);
            if (!labels.ok()) {
                return absl::InvalidArgumentError(absl::StrCat("error parsing labels '",
                                                               std::string(*text),
                                                               "' with error: ",
                                                               labels.status().message()));
            }
            return labels;
        }
        const auto& pairs = std::get<std::vector<LabelPair>>(stream.labels);
        for (const auto& pair : pairs) {
            if (!is_label_name(pair.name)) {
                return absl::InvalidArgumentError(
                    absl::StrCat("couldn't parse labels: 1:1: parse error: unexpected label name ",
                                 go_quote(pair.name)));
            }
        }
        return Labels::from_pairs(pairs);
    }

    void add_service_name(Labels& labels) const {
        if (limits_.discover_service_name.empty() || !labels.get("service_name").empty()) {
            return;
        }
        std::string_view value = "unknown_service";
        for (const auto& name : limits_.discover_service_name) {
            if (const std::string_view found = labels.get(name); !found.empty()) {
                value = found;
                break;
            }
        }
        auto pairs = labels.pairs();
        pairs.push_back({"service_name", std::string(value)});
        labels = Labels::from_pairs(std::move(pairs));
    }

    std::string check_labels(const Labels& labels, const std::string& text) {
        if (labels.empty()) {
            label_reason_ = "missing_labels";
            return "error at least one label pair is required per stream";
        }
        const std::size_t names = labels.size() - (labels.get("service_name").empty() ? 0 : 1);
        if (names > static_cast<std::size_t>(limits_.max_label_names_per_series)) {
            label_reason_ = "max_label_names_per_series";
            return absl::StrCat("entry for stream '",
                                text,
                                "' has ",
                                names,
                                " label names; limit ",
                                limits_.max_label_names_per_series);
        }
        for (const auto& pair : labels.pairs()) {
            if (pair.name.size() > static_cast<std::size_t>(limits_.max_label_name_length)) {
                label_reason_ = "label_name_too_long";
                return absl::StrCat(
                    "stream '", text, "' has label name too long: '", pair.name, "'");
            }
            if (pair.value.size() > static_cast<std::size_t>(limits_.max_label_value_length)) {
                label_reason_ = "label_value_too_long";
                return absl::StrCat(
                    "stream '", text, "' has label value too long: '", pair.value, "'");
            }
        }
        return {};
    }

    std::string check_entry(EntryView& entry, const std::string& stream, std::string& reason) {
        const Timestamp oldest = now_ - limits_.reject_old_samples_max_age;
        if (limits_.reject_old_samples && entry.time < oldest) {
            reason = "greater_than_max_sample_age";
            return absl::StrCat("entry for stream '",
                                stream,
                                "' has timestamp too old: ",
                                rfc3339(entry.time),
                                ", oldest acceptable timestamp is: ",
                                rfc3339(oldest));
        }
        if (entry.time > now_ + limits_.creation_grace_period) {
            reason = "too_far_in_future";
            return absl::StrCat(
                "entry for stream '", stream, "' has timestamp too new: ", rfc3339(entry.time));
        }
        const auto line_max = static_cast<std::size_t>(limits_.max_line_size);
        if (line_max != 0 && entry.line.size() > line_max) {
            const std::string& suffix = limits_.max_line_size_truncate_identifier;
            if (!limits_.max_line_size_truncate || suffix.size() > line_max) {
                reason = "line_too_long";
                return absl::StrCat("max entry size '",
                                    limits_.max_line_size,
                                    "' bytes exceeded for stream '",
                                    stream,
                                    "' while adding an entry with length '",
                                    entry.line.size(),
                                    "' bytes");
            }
            entry.line = keep(std::string(entry.line.substr(0, line_max - suffix.size())) + suffix);
        }
        return check_metadata(entry, stream, reason);
    }

    std::string check_metadata(const EntryView& entry,
                               const std::string& stream,
                               std::string& reason) const {
        if (entry.metadata.empty()) {
            return {};
        }
        if (!limits_.allow_structured_metadata) {
            reason = "disallowed_structured_metadata";
            return absl::StrCat("stream '",
                                stream,
                                "' includes structured metadata, but this feature is disallowed. ",
                                std::string(kMetadataDocs));
        }
        const std::uint64_t bytes = entry_bytes(entry) - entry.line.size();
        if (bytes > static_cast<std::uint64_t>(limits_.max_structured_metadata_size)) {
            reason = "structured_metadata_too_large";
            return absl::StrCat("stream '",
                                stream,
                                "' has structured metadata too large: '",
                                bytes,
                                "' bytes, limit: '",
                                limits_.max_structured_metadata_size,
                                "' bytes. ",
                                std::string(kMetadataDocs));
        }
        if (entry.metadata.size() >
            static_cast<std::size_t>(limits_.max_structured_metadata_entries_count)) {
            reason = "structured_metadata_too_many";
            return absl::StrCat("stream '",
                                stream,
                                "' has too many structured metadata labels: '",
                                entry.metadata.size(),
                                "', limit: '",
                                limits_.max_structured_metadata_entries_count,
                                "'. ",
                                std::string(kMetadataDocs));
        }
        return {};
    }

    Status normalise_metadata(EntryView& entry) {
        for (auto& pair : entry.metadata) {
            LOGI_ASSIGN_OR_RETURN(std::string name, normalise_metadata_name(pair.name));
            if (name != pair.name) {
                pair.name = keep(std::move(name));
            }
        }
        std::stable_sort(entry.metadata.begin(),
                         entry.metadata.end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; });
        const auto end = std::unique(entry.metadata.begin(),
                                     entry.metadata.end(),
                                     [](const auto& a, const auto& b) { return a.name == b.name; });
        entry.metadata.erase(end, entry.metadata.end());
        return absl::OkStatus();
    }

    AcceptedStream& stream_of(Labels labels) {
        const StreamId id = labels.id();
        const auto [it, is_new] = by_id_.try_emplace(id, out_.streams.size());
        if (is_new) {
            out_.streams.push_back({std::move(labels), id, {}});
        }
        return out_.streams[it->second];
    }

    std::string_view keep(std::string text) {
        out_.texts.push_back(std::make_unique<std::string>(std::move(text)));
        return *out_.texts.back();
    }

    const Limits& limits_;
    const Timestamp now_;
    Validated out_;
    std::map<StreamId, std::size_t> by_id_;
    std::string label_reason_;
};

}  // namespace

StatusOr<std::string> normalise_metadata_name(std::string_view name) {
    const bool dunder = name.size() >= 4 && name.starts_with("__") && name.ends_with("__");
    const std::string_view middle = dunder ? name.substr(2, name.size() - 4) : name;
    std::string out;
    bool any = false;
    for (const char c : middle) {
        if (is_alphanumeric(c)) {
            any = true;
            out.push_back(c);
        } else if (out.empty() || out.back() != '_') {
            out.push_back('_');
        }
    }
    if (!any) {
        return absl::InvalidArgumentError(absl::StrCat("normalization for label name ",
                                                       go_quote(name),
                                                       " resulted in invalid name ",
                                                       go_quote(out)));
    }
    if (dunder) {
        return "__" + out + "__";
    }
    return out[0] >= '0' && out[0] <= '9' ? "key_" + out : out;
}

Validated validate(wire::PushRequest&& request, const Limits& limits, Timestamp now) {
    return Validator(limits, now).run(request);
}

std::string validation_message(const std::vector<std::string>& errors) {
    if (errors.size() == 1) {
        return errors.front();
    }
    std::map<std::string, std::size_t> counts;
    for (const auto& error : errors) {
        ++counts[error];
    }
    std::string out;
    for (const auto& [message, count] : counts) {
        absl::StrAppend(&out, out.empty() ? "" : "; ", count, " errors like: ", message);
    }
    return out;
}

}  // namespace logi::ingest
