// pack, decolorize and eventlogmessage: what becomes of the line, and of messages of Windows.
#include "absl/strings/str_cat.h"
#include "agent/stages/options.h"
#include "base/utf8.h"
#include "fields/decolorize.h"
#include "wire/json_text.h"

#include <algorithm>

namespace logi::agent {
namespace {

struct PackOptions {
    std::vector<std::string> labels;
    bool ingest_timestamp = true;
};

class PackStage final : public Stage {
  public:
    PackStage(std::shared_ptr<const PackOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        std::string packed = "{";
        for (const std::string& name : options_->labels) {  // sorted
            const auto value = entry.extracted.find(name);
            if (value.has_value()) {
                wire::append_json_string(packed, name);
                packed.push_back(':');
                wire::append_json_string(packed, *value);
                packed.push_back(',');
                entry.labels.remove(name);
            }
        }
        packed.append("\"_entry\":");
        wire::append_json_string(packed, entry.line);
        packed.push_back('}');
        entry.set_line(std::move(packed));
        if (options_->ingest_timestamp) {
            entry.time = entry.read_time;
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const PackOptions> options_;
};

struct NoOptions {};

class DecolorizeStage final : public Stage {
  public:
    DecolorizeStage(const std::shared_ptr<const NoOptions>&, const StageContext&) {}
    Verdict process(Entry& entry) override {
        const std::string_view plain = fields::decolorize(entry.line, buffer_);
        if (plain.size() != entry.line.size()) {
            entry.set_line(std::string(plain));
        }
        return Verdict::kPass;
    }

  private:
    std::string buffer_;
};

struct EventOptions {
    std::string source = "message";
    bool drop_invalid_labels = false;
    bool overwrite_existing = false;
};

// Messages are lines of "Key: value", which end in \r\n.
class EventLogMessageStage final : public Stage {
  public:
    EventLogMessageStage(std::shared_ptr<const EventOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto text = entry.extracted.find(options_->source);
        if (!text.has_value()) {
            return entry.extracted.has(options_->source) ? Verdict::kDrop : Verdict::kPass;
        }
        const std::string message(*text);
        for (std::size_t at = 0; at < message.size();) {
            const std::size_t end = std::min(message.find("\r\n", at), message.size());
            take_line(entry, std::string_view(message).substr(at, end - at));
            at = end + 2;
        }
        return Verdict::kPass;
    }

  private:
    void take_line(Entry& entry, std::string_view line) const {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            return;
        }
        std::string key(line.substr(0, colon));
        std::string_view value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        if (!is_label_name(key)) {
            if (options_->drop_invalid_labels) {
                return;
            }
            key = as_label_name(key);
        }
        if (base::is_utf8(value) && (options_->overwrite_existing || !entry.extracted.has(key))) {
            entry.extracted.set(key, value);
        }
    }

    // Every character that cannot stand where it stands becomes an underscore.
    static std::string as_label_name(std::string_view text) {
        std::string name;
        for (std::size_t i = 0; i < text.size();) {
            const base::Rune rune = base::decode_rune(text.substr(i));
            const char c = text[i];
            const bool fits =
                rune.length == 1 &&
                is_label_name(name.empty() ? std::string(1, c) : std::string("_") + c);
            name.push_back(fits ? c : '_');
            i += rune.length;
        }
        return name.empty() ? "_" : name;
    }

    std::shared_ptr<const EventOptions> options_;
};

}  // namespace

StageMaker read_pack_stage(const YAML::Node& options) {
    PackOptions o;
    config::read_keys(
        options,
        "the stage 'pack'",
        {{"labels", config::set(o.labels)}, {"ingest_timestamp", config::set(o.ingest_timestamp)}});
    std::sort(o.labels.begin(), o.labels.end());
    return maker_of<PackStage>(std::move(o));
}

StageMaker read_decolorize_stage(const YAML::Node& options) {
    if (!options.IsNull()) {
        config::read_keys(options, "the stage 'decolorize'", {});
    }
    return maker_of<DecolorizeStage>(NoOptions());
}

StageMaker read_event_log_message_stage(const YAML::Node& options) {
    EventOptions o;
    if (!options.IsNull()) {
        config::read_keys(options,
                          "the stage 'eventlogmessage'",
                          {{"source", config::set(o.source)},
                           {"drop_invalid_labels", config::set(o.drop_invalid_labels)},
                           {"overwrite_existing", config::set(o.overwrite_existing)}});
    }
    if (!is_label_name(o.source)) {
        config::refuse(options["source"], absl::StrCat("'", o.source, "' is no name of a label"));
    }
    return maker_of<EventLogMessageStage>(std::move(o));
}

}  // namespace logi::agent
