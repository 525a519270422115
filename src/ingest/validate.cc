#include "ingest/validate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ingest/entry_level.h"
#include "ingest/entry_size.h"
#include "ingest/metadata_text.h"
#include "model/metadata_name.h"

#include <ctime>

namespace logi::ingest {
namespace {

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

constexpr std::string_view kServiceName = "service_name";
constexpr std::size_t kStreamLabelBytesMax = 16U << 20U;
// Of a push's refusals so many are described.
constexpr std::size_t kErrorsMax = 1000;
constexpr std::size_t kErrorBytesMax = 256U << 10U;

// Why entries are refused, as the metric has it.
constexpr const char* kTooOld = "greater_than_max_sample_age";
constexpr const char* kTooNew = "too_far_in_future";
constexpr const char* kLineTooLong = "line_too_long";
constexpr const char* kMetadataDisallowed = "disallowed_structured_metadata";
constexpr const char* kMetadataTooLarge = "structured_metadata_too_large";
constexpr const char* kMetadataTooMany = "structured_metadata_too_many";

constexpr std::string_view kMetadataDocs =
    "Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to "
    "enable it.";

class Validator {
  public:
    Validator(const Limits& limits, const PushRules& rules, Timestamp now)
        : limits_(limits), rules_(rules), now_(now), levels_(limits) {}

    Validated run(wire::PushRequest& request) {
        discovers_service_ = request.format == wire::PushFormat::kLoki;
        if (request.streams.empty()) {
            fail(422, "error at least one valid stream is required for ingestion");
            return std::move(out_);
        }
        for (auto& stream : request.streams) {
            take_stream(stream);
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

    // `message` is only asked for while there is room for it: a push may have millions of bad
    // entries, each with a long text.
    template <typename F>
    void refuse(const std::string& reason, std::uint64_t lines, std::uint64_t bytes, F message) {
        auto& count = out_.discarded[reason];
        count.lines += lines;
        count.bytes += bytes;
        if (out_.errors.size() >= kErrorsMax || error_bytes_ >= kErrorBytesMax) {
            ++out_.errors_left_out;
            return;
        }
        out_.errors.push_back(message());
        std::string& last = out_.errors.back();
        if (last.size() > kErrorBytesMax) {
            last.resize(kErrorBytesMax);
            last.append("...");
        }
        error_bytes_ += last.size();
    }

    void take_stream(wire::PushStream& stream) {
        const auto* label_bytes = std::get_if<std::string_view>(&stream.labels);
        if (label_bytes != nullptr && label_bytes->size() > kStreamLabelBytesMax) {
            fail(413,
                 absl::StrCat("request body too large: stream labels of ",
                              label_bytes->size(),
                              " bytes, limit: ",
                              kStreamLabelBytesMax,
                              " bytes"));
            return;
        }
        auto pairs = pairs_of(stream);
        if (!pairs.ok()) {
            // Labels that cannot be read fail the whole push, as in Loki.
            fail(400,
                 absl::StrCat("couldn't parse labels: ", std::string(pairs.status().message())));
            return;
        }
        if (stream.entries.empty()) {
            return;
        }
        std::erase_if(*pairs, [](const LabelPair& p) { return p.value.empty(); });
        add_service_name(*pairs);
        const std::string text = label_text(*pairs);
        if (std::string message; const char* reason = check_labels(*pairs, text, message)) {
            refuse(reason, stream.entries.size(), bytes_of(stream), [&] { return message; });
            return;
        }
        if (const auto refusal =
                rules_.policies.refuse(*pairs, text, rules_.policy, rules_.tenant, now_)) {
            forbid(stream, *refusal);
            return;
        }
        take_entries_of(stream, text, stream_of(Labels::from_pairs(*std::move(pairs))));
    }

    static std::uint64_t bytes_of(const wire::PushStream& stream) {
        std::uint64_t bytes = 0;
        for (const auto& entry : stream.entries) {
            bytes += entry_bytes(entry);
        }
        return bytes;
    }

    void forbid(const wire::PushStream& stream, const StreamPolicies::Refusal& refusal) {
        if (refusal.status == 0) {
            refuse(refusal.reason, stream.entries.size(), bytes_of(stream), [&] {
                return refusal.message;
            });
            return;
        }
        auto& count = out_.discarded[refusal.reason];
        count.lines += stream.entries.size();
        count.bytes += bytes_of(stream);
        if (refusal.status != 200) {
            out_.blocked_status = refusal.status;
            out_.blocked_message = refusal.message;
        }
    }

    void take_entries_of(wire::PushStream& stream,
                         const std::string& text,
                         AcceptedStream& accepted) {
        std::string_view level = levels_.of_stream(accepted.labels);
        if (!level.empty()) {
            level = keep(std::string(level));
        }
        take_entries(stream.entries, text, level);
        if (accepted.entries.empty()) {
            accepted.entries = std::move(stream.entries);
        } else {
            accepted.entries.insert(accepted.entries.end(),
                                    std::make_move_iterator(stream.entries.begin()),
                                    std::make_move_iterator(stream.entries.end()));
        }
    }

    // Leaves only what is accepted, normalised. `level` is that of the stream, if it has one.
    void take_entries(std::vector<EntryView>& entries,
                      const std::string& text,
                      std::string_view level) {
        Timestamp previous = Timestamp::min();
        std::string_view previous_line;
        std::size_t kept = 0;
        for (EntryView& entry : entries) {
            const std::uint64_t size = entry_bytes(entry);
            if (const char* reason = check_entry(entry)) {
                refuse(reason, 1, size, [&] { return describe(reason, entry, text); });
                continue;
            }
            if (!entry.metadata.empty()) {
                if (const auto status = normalise_metadata(entry); !status.ok()) {
                    fail(500, std::string(status.message()));
                    return;
                }
            }
            levels_.add_to(entry, level);
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

    // Sorted by name. Equal names stand beside each other; in JSON the last of them wins.
    static StatusOr<std::vector<LabelPair>> pairs_of(const wire::PushStream& stream) {
        std::vector<LabelPair> pairs;
        const auto by_name = [](const LabelPair& a, const LabelPair& b) {
            return a.name < b.name;
        };
        if (const auto* text = std::get_if<std::string_view>(&stream.labels)) {
            LOGI_ASSIGN_OR_RETURN(pairs, parse_label_pairs(*text));
            std::stable_sort(pairs.begin(), pairs.end(), by_name);
            return pairs;
        }
        pairs = std::get<std::vector<LabelPair>>(stream.labels);
        std::stable_sort(pairs.begin(), pairs.end(), by_name);
        std::size_t kept = 0;
        bool plain = true;
        for (auto& pair : pairs) {
            plain = plain && is_label_name(pair.name);
            if (kept > 0 && pairs[kept - 1].name == pair.name) {
                pairs[kept - 1].value = std::move(pair.value);
            } else if (&pairs[kept++] != &pair) {
                pairs[kept - 1] = std::move(pair);
            }
        }
        pairs.resize(kept);
        // Loki writes the names as they are into a label text and parses that; so what is wrong
        // with them is said in its words.
        if (!plain) {
            LOGI_ASSIGN_OR_RETURN(pairs, parse_label_pairs(raw_label_text(pairs)));
            std::stable_sort(pairs.begin(), pairs.end(), by_name);
        }
        return pairs;
    }

    static std::string raw_label_text(const std::vector<LabelPair>& pairs) {
        std::string out = "{";
        for (const auto& pair : pairs) {
            absl::StrAppend(&out, out.size() > 1 ? ", " : "", pair.name, "=", go_quote(pair.value));
        }
        out.push_back('}');
        return out;
    }

    static std::string_view value_of(const std::vector<LabelPair>& pairs, std::string_view name) {
        const auto it = std::lower_bound(
            pairs.begin(), pairs.end(), name, [](const LabelPair& pair, std::string_view n) {
                return pair.name < n;
            });
        return it != pairs.end() && it->name == name ? std::string_view(it->value)
                                                     : std::string_view();
    }

    void add_service_name(std::vector<LabelPair>& pairs) const {
        if (!discovers_service_ || limits_.discover_service_name.empty() ||
            !value_of(pairs, kServiceName).empty()) {
            return;
        }
        std::string_view value = "unknown_service";
        for (const auto& name : limits_.discover_service_name) {
            if (const std::string_view found = value_of(pairs, name); !found.empty()) {
                value = found;
                break;
            }
        }
        LabelPair service{std::string(kServiceName), std::string(value)};
        pairs.insert(std::lower_bound(pairs.begin(), pairs.end(), service), std::move(service));
    }

    // The reason why a stream is refused, or null.
    const char* check_labels(const std::vector<LabelPair>& pairs,
                             const std::string& text,
                             std::string& message) const {
        if (pairs.empty()) {
            message = "error at least one label pair is required per stream";
            return "missing_labels";
        }
        const std::size_t names = pairs.size() - (value_of(pairs, kServiceName).empty() ? 0 : 1);
        if (names > static_cast<std::size_t>(limits_.max_label_names_per_series)) {
            message = absl::StrCat("entry for stream '",
                                   text,
                                   "' has ",
                                   names,
                                   " label names; limit ",
                                   limits_.max_label_names_per_series);
            return "max_label_names_per_series";
        }
        const std::string* previous = nullptr;
        for (const auto& pair : pairs) {
            if (pair.name.size() > static_cast<std::size_t>(limits_.max_label_name_length)) {
                message =
                    absl::StrCat("stream '", text, "' has label name too long: '", pair.name, "'");
                return "label_name_too_long";
            }
            if (pair.value.size() > static_cast<std::size_t>(limits_.max_label_value_length)) {
                message = absl::StrCat(
                    "stream '", text, "' has label value too long: '", pair.value, "'");
                return "label_value_too_long";
            }
            if (previous != nullptr && *previous == pair.name) {
                message =
                    absl::StrCat("stream '", text, "' has duplicate label name: '", pair.name, "'");
                return "duplicate_label_names";
            }
            previous = &pair.name;
        }
        return nullptr;
    }

    // The reason why an entry is refused, or null; a line that is too long may be cut instead.
    const char* check_entry(EntryView& entry) {
        if (limits_.reject_old_samples && entry.time < now_ - limits_.reject_old_samples_max_age) {
            return kTooOld;
        }
        if (entry.time > now_ + limits_.creation_grace_period) {
            return kTooNew;
        }
        const auto line_max = static_cast<std::size_t>(limits_.max_line_size);
        if (line_max != 0 && entry.line.size() > line_max) {
            const std::string& suffix = limits_.max_line_size_truncate_identifier;
            if (!limits_.max_line_size_truncate || suffix.size() > line_max) {
                return kLineTooLong;
            }
            ++out_.cut_lines;
            out_.cut_bytes += entry.line.size() - (line_max - suffix.size());
            entry.line = keep(std::string(entry.line.substr(0, line_max - suffix.size())) + suffix);
        }
        if (entry.metadata.empty()) {
            return nullptr;
        }
        if (!limits_.allow_structured_metadata) {
            return kMetadataDisallowed;
        }
        if (metadata_bytes(entry) >
            static_cast<std::uint64_t>(limits_.max_structured_metadata_size)) {
            return kMetadataTooLarge;
        }
        return entry.metadata.size() >
                       static_cast<std::size_t>(limits_.max_structured_metadata_entries_count)
                   ? kMetadataTooMany
                   : nullptr;
    }

    [[nodiscard]] std::string describe(std::string_view reason,
                                       const EntryView& entry,
                                       const std::string& stream) const {
        if (reason == kTooOld) {
            return absl::StrCat("entry for stream '",
                                stream,
                                "' has timestamp too old: ",
                                rfc3339(entry.time),
                                ", oldest acceptable timestamp is: ",
                                rfc3339(now_ - limits_.reject_old_samples_max_age));
        }
        if (reason == kTooNew) {
            return absl::StrCat(
                "entry for stream '", stream, "' has timestamp too new: ", rfc3339(entry.time));
        }
        if (reason == kLineTooLong) {
            return absl::StrCat("max entry size '",
                                limits_.max_line_size,
                                "' bytes exceeded for stream '",
                                stream,
                                "' while adding an entry with length '",
                                entry.line.size(),
                                "' bytes");
        }
        return describe_metadata(reason, entry, stream);
    }

    [[nodiscard]] std::string describe_metadata(std::string_view reason,
                                                const EntryView& entry,
                                                const std::string& stream) const {
        if (reason == kMetadataDisallowed) {
            return absl::StrCat("stream '",
                                stream,
                                "' includes structured metadata, but this feature is disallowed. ",
                                std::string(kMetadataDocs));
        }
        if (reason == kMetadataTooLarge) {
            return absl::StrCat("stream '",
                                stream,
                                "' has structured metadata too large: '",
                                metadata_bytes(entry),
                                "' bytes, limit: '",
                                limits_.max_structured_metadata_size,
                                "' bytes. ",
                                std::string(kMetadataDocs));
        }
        return absl::StrCat("stream '",
                            stream,
                            "' has too many structured metadata labels: '",
                            entry.metadata.size(),
                            "', limit: '",
                            limits_.max_structured_metadata_entries_count,
                            "'. ",
                            std::string(kMetadataDocs));
    }

    Status normalise_metadata(EntryView& entry) {
        for (auto& pair : entry.metadata) {
            if (!is_normal_metadata_name(pair.name)) {
                LOGI_ASSIGN_OR_RETURN(std::string name, normalise_metadata_name(pair.name));
                if (name != pair.name) {
                    pair.name = keep(std::move(name));
                    ++out_.changed_metadata;
                }
            }
            if (has_rune_errors(pair.value)) {
                pair.value = keep(without_rune_errors(pair.value));
                ++out_.changed_metadata;
            }
        }
        std::stable_sort(entry.metadata.begin(),
                         entry.metadata.end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; });
        const auto end = std::unique(entry.metadata.begin(),
                                     entry.metadata.end(),
                                     [](const auto& a, const auto& b) { return a.name == b.name; });
        entry.metadata.erase(end, entry.metadata.end());
        std::erase_if(entry.metadata, [](const auto& pair) { return pair.value.empty(); });
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
    const PushRules& rules_;
    const Timestamp now_;
    EntryLevels levels_;
    bool discovers_service_ = true;
    Validated out_;
    std::map<StreamId, std::size_t> by_id_;
    std::size_t error_bytes_ = 0;
};

}  // namespace

Validated validate(wire::PushRequest&& request,
                   const Limits& limits,
                   const PushRules& rules,
                   Timestamp now) {
    return Validator(limits, rules, now).run(request);
}

Validated validate(wire::PushRequest&& request, const Limits& limits, Timestamp now) {
    static const StreamPolicies kNone;
    return validate(std::move(request), limits, {kNone, "", ""}, now);
}

std::string validation_message(const std::vector<std::string>& errors, std::uint64_t left_out) {
    if (errors.size() == 1 && left_out == 0) {
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
    if (left_out > 0) {
        absl::StrAppend(&out, "; ", left_out, " more errors");
    }
    return out;
}

}  // namespace logi::ingest
