// logfmt: values of the keys that the mapping names are extracted.
#include "agent/stages/options.h"
#include "fields/logfmt_scanner.h"

namespace logi::agent {
namespace {

struct LogfmtOptions {
    TextMap mapping;      // name: key
    TextMap name_of_key;  // the other way round
    std::optional<std::string> source;
};

class LogfmtStage final : public Stage {
  public:
    LogfmtStage(std::shared_ptr<const LogfmtOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto text = text_of(entry, options_->source);
        if (!text.has_value()) {
            return Verdict::kPass;
        }
        // What is extracted may replace what is read.
        const std::string_view line = options_->source.has_value() ? copy_.assign(*text) : *text;
        fields::LogfmtScanner scanner(line, value_);
        while (scanner.next()) {
            const auto name = options_->name_of_key.find(std::string(scanner.key()));
            if (name != options_->name_of_key.end()) {
                entry.extracted.set(name->second, scanner.value());
            }
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const LogfmtOptions> options_;
    std::string copy_;
    std::string value_;
};

}  // namespace

StageMaker read_logfmt_stage(const YAML::Node& options) {
    LogfmtOptions o;
    config::read_keys(options,
                      "the stage 'logfmt'",
                      {{"mapping", set_text_map(o.mapping)}, {"source", set_optional(o.source)}});
    if (o.mapping.empty()) {
        config::refuse(options, "the stage 'logfmt' needs a mapping");
    }
    for (const auto& [name, key] : o.mapping) {
        o.name_of_key[key.empty() ? name : key] = name;
    }
    return maker_of<LogfmtStage>(std::move(o));
}

}  // namespace logi::agent
