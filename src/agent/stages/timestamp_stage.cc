// timestamp: what was extracted becomes the time of the entry.
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "agent/stages/options.h"
#include "agent/time_format.h"
#include "template/zone.h"

namespace logi::agent {
namespace {

struct TimestampOptions {
    std::string source;
    std::vector<TimeFormat> formats;
    bool fudge = true;
};

class TimestampStage final : public Stage {
  public:
    TimestampStage(std::shared_ptr<const TimestampOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto time = find_time(entry);
        if (!options_->fudge) {
            entry.time = time.value_or(entry.time);
        } else if (time.has_value()) {
            entry.time = *time;
            remember(entry);
        } else {
            fudge(entry);
        }
        return Verdict::kPass;
    }

  private:
    // Of the streams of one source.
    static constexpr std::size_t kStreamsMax = 10'000;

    [[nodiscard]] std::optional<Timestamp> find_time(const Entry& entry) const {
        const auto text = entry.extracted.find(options_->source);
        if (text.has_value()) {
            for (const TimeFormat& format : options_->formats) {
                if (const auto time = format.parse(*text, entry.read_time); time.has_value()) {
                    return time;
                }
            }
        }
        return std::nullopt;
    }

    void remember(const Entry& entry) {
        if (last_.size() >= kStreamsMax) {
            last_.clear();
        }
        last_[entry.labels.text()] = entry.time;
    }

    // Just behind the last time that was known in the stream.
    void fudge(Entry& entry) {
        const auto last = last_.find(entry.labels.text());
        if (entry.recorded_time.has_value()) {
            entry.time = *entry.recorded_time;
        } else if (last != last_.end()) {
            entry.time = last->second + Duration{1};
        } else {
            return;
        }
        entry.guessed_time = true;
        remember(entry);
    }

    std::shared_ptr<const TimestampOptions> options_;
    absl::flat_hash_map<std::string, Timestamp> last_;
};

}  // namespace

StageMaker read_timestamp_stage(const YAML::Node& options) {
    TimestampOptions o;
    std::string format;
    std::vector<std::string> fallbacks;
    std::string location;
    std::string on_failure = "fudge";
    config::read_keys(options,
                      "the stage 'timestamp'",
                      {{"source", config::set(o.source)},
                       {"format", config::set(format)},
                       {"fallback_formats", config::set(fallbacks)},
                       {"location", config::set(location)},
                       {"action_on_failure", config::set(on_failure)}});
    if (o.source.empty() || format.empty()) {
        config::refuse(options, "the stage 'timestamp' needs a source and a format");
    }
    const tmpl::Zone* zone = location.empty() ? tmpl::Zone::utc() : tmpl::Zone::find(location);
    if (zone == nullptr) {
        config::refuse(options["location"], absl::StrCat("there is no time zone '", location, "'"));
    }
    if (on_failure != "fudge" && on_failure != "skip") {
        config::refuse(options["action_on_failure"], "expected fudge or skip");
    }
    o.fudge = on_failure == "fudge";
    fallbacks.insert(fallbacks.begin(), format);
    for (std::string& each : fallbacks) {
        o.formats.emplace_back(std::move(each), zone);
    }
    return maker_of<TimestampStage>(std::move(o));
}

}  // namespace logi::agent
