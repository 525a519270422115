#include "ingest/validate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ingest/entry_level.h"
#include "ingest/entry_size.h"
#include "ingest/metadata_text.h"
#include "ingest/stream_labels.h"
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

// The entry before, of the same stream and push.
class PreviousEntry {
  public:
    // An entry at the time of the one before, be that as it came or as it was made, with another
    // line, comes to stand behind it.
    void part_from(EntryView& entry) {
        if (any_ && entry.line != line_ && (entry.time == came_ || entry.time == stored_)) {
            entry.time = stored_ + Duration{1};
        } else {
            came_ = entry.time;
        }
        stored_ = entry.time;
        line_ = entry.line;
        any_ = true;
    }

  private:
    bool any_ = false;
    Timestamp came_;
    Timestamp stored_;
    std::string_view line_;
};

class Validator {
  public:
    Validator(const Limits& limits, const PushRules& rules, Timestamp now)
        : limits_(limits), rules_(rules), now_(now), levels_(limits) {}

    Validated run(wire::PushRequest& request) {
        request_names_services_ = request.format == wire::PushFormat::kLoki;
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
        auto& count = out_.discarded[{reason, kind_}];
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
        auto pairs = read_labels(stream);
        if (!pairs.ok()) {
            // Labels that cannot be read fail the whole push, as in Loki.
            fail(400,
                 absl::StrCat("couldn't parse labels: ", std::string(pairs.status().message())));
            return;
        }
        if (stream.entries.empty()) {
            return;
        }
        if (limits_.max_line_size_truncate) {
            cut_long_lines(stream);
        }
        if (request_names_services_) {
            add_service_name(*pairs, limits_);
        }
        const std::string text = label_text(*pairs);
        kind_ = kind_of(*pairs);
        if (const auto fault = check_labels(*pairs, text, limits_)) {
            refuse(fault->reason, stream.entries.size(), bytes_of(stream), [&] {
                return fault->message;
            });
            return;
        }
        if (const auto refusal =
                rules_.policies.refuse(*pairs, text, kind_.policy, rules_.tenant, now_)) {
            forbid(stream, *refusal);
            return;
        }
        take_entries_of(stream, text, stream_of(Labels::from_pairs(*std::move(pairs))));
    }

    [[nodiscard]] StreamKind kind_of(const std::vector<LabelPair>& pairs) const {
        StreamKind kind;
        kind.policy = rules_.policies.name_of(pairs, rules_.policy);
        if (rules_.retention != nullptr) {
            kind.retention_hours = rules_.retention->hours_of(pairs);
        }
        kind.internal = std::any_of(pairs.begin(), pairs.end(), [](const LabelPair& pair) {
            return pair.name == "__aggregated_metric__" || pair.name == "__pattern__";
        });
        return kind;
    }

    void cut_long_lines(wire::PushStream& stream) {
        const auto line_max = static_cast<std::size_t>(limits_.max_line_size);
        const std::string& suffix = limits_.max_line_size_truncate_identifier;
        if (line_max == 0 || suffix.size() > line_max) {
            return;
        }
        for (EntryView& entry : stream.entries) {
            if (entry.line.size() > line_max) {
                const std::size_t kept = line_max - suffix.size();
                ++out_.cut_lines;
                out_.cut_bytes += entry.line.size() - kept;
                entry.line = keep(std::string(entry.line.substr(0, kept)) + suffix);
            }
        }
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
        auto& count = out_.discarded[{refusal.reason, kind_}];
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
        take_entries(stream.entries, text, accepted, level);
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
                      const AcceptedStream& accepted,
                      std::string_view level) {
        PreviousEntry previous;
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
            add_hinted_fields(entry, accepted.labels);
            if (limits_.increment_duplicate_timestamp) {
                previous.part_from(entry);
            }
            ++out_.lines;
            out_.bytes += entry_bytes(entry);
            if (&entries[kept] != &entry) {
                entries[kept] = std::move(entry);
            }
            ++kept;
        }
        entries.resize(kept);
    }

    // The reason why an entry is refused, or null.
    [[nodiscard]] const char* check_entry(const EntryView& entry) const {
        if (limits_.reject_old_samples && entry.time < now_ - limits_.reject_old_samples_max_age) {
            return kTooOld;
        }
        if (entry.time > now_ + limits_.creation_grace_period) {
            return kTooNew;
        }
        const auto line_max = static_cast<std::size_t>(limits_.max_line_size);
        if (line_max != 0 && entry.line.size() > line_max) {
            return kLineTooLong;
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
        constexpr const char* kAsk = "` or contact your Loki administrator to ";
        if (reason == kMetadataDisallowed) {
            return absl::StrCat("stream '",
                                stream,
                                "' includes structured metadata, but this feature is disallowed. "
                                "Please see `limits_config.allow_structured_metadata",
                                kAsk,
                                "enable it.");
        }
        if (reason == kMetadataTooLarge) {
            return absl::StrCat("stream '",
                                stream,
                                "' has structured metadata too large: '",
                                metadata_bytes(entry),
                                "' bytes, limit: '",
                                limits_.max_structured_metadata_size,
                                "' bytes. Please see `limits_config.max_structured_metadata_size",
                                kAsk,
                                "increase it");
        }
        return absl::StrCat("stream '",
                            stream,
                            "' has too many structured metadata labels: '",
                            entry.metadata.size(),
                            "', limit: '",
                            limits_.max_structured_metadata_entries_count,
                            "'. Please see `limits_config.max_structured_metadata_entries_count",
                            kAsk,
                            "increase it");
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

    // What the client gives under such a name itself stays.
    void add_hinted_fields(EntryView& entry, const Labels& labels) {
        if (rules_.fields.empty() || !limits_.allow_structured_metadata) {
            return;
        }
        for (auto& found : rules_.fields.find(labels, entry.metadata, entry.line, scratch_)) {
            const auto place = std::lower_bound(
                entry.metadata.begin(),
                entry.metadata.end(),
                found.name,
                [](const MetadataView& pair, std::string_view name) { return pair.name < name; });
            if (place == entry.metadata.end() || place->name != found.name) {
                entry.metadata.insert(
                    place,
                    {found.name,
                     keep(has_rune_errors(found.value) ? without_rune_errors(found.value)
                                                       : std::move(found.value))});
            }
        }
    }

    AcceptedStream& stream_of(Labels labels) {
        const StreamId id = labels.id();
        const auto [it, is_new] = by_id_.try_emplace(id, out_.streams.size());
        if (is_new) {
            out_.streams.push_back({std::move(labels), id, {}, kind_});
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
    fields::Scratch scratch_;
    bool request_names_services_ = true;
    StreamKind kind_;  // of the stream that is being taken
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
    static const fields::HintedFields kNothing;
    return validate(std::move(request), limits, {kNone, kNothing, "", ""}, now);
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
