// limit and sampling: fewer entries.
#include "absl/container/flat_hash_map.h"
#include "agent/stages/options.h"
#include "agent/token_bucket.h"
#include "base/hash.h"

namespace logi::agent {
namespace {

struct LimitOptions {
    double rate = 0;
    double burst = 0;
    bool drop = false;
    std::string by_label_name;
    std::uint32_t max_distinct_labels = 10'000;
};

// Shared by the stages of one configuration, which limits all its sources together.
struct LimitState {
    explicit LimitState(LimitOptions o) : options(std::move(o)), all(options.rate, options.burst) {}
    LimitOptions options;
    TokenBucket all;
    absl::flat_hash_map<std::string, TokenBucket> by_label;
};

class LimitStage final : public Stage {
  public:
    LimitStage(std::shared_ptr<LimitState> state, const StageContext& context)
        : state_(std::move(state)),
          context_(context),
          dropped_(dropped_lines(context, "ratelimit_drop_stage")) {}

    Verdict process(Entry& entry) override {
        const LimitOptions& o = state_->options;
        const Timestamp now = context_.clock.now();
        if (o.by_label_name.empty()) {
            if (!o.drop) {
                entry.rest = std::max(entry.rest, state_->all.reserve(now));
                return Verdict::kPass;
            }
            if (state_->all.take(now)) {
                return Verdict::kPass;
            }
            dropped_.add();
            return Verdict::kDrop;
        }
        const std::string* value = entry.labels.find(o.by_label_name);
        if (value == nullptr || bucket_of(*value).take(now)) {
            return Verdict::kPass;
        }
        dropped_.add();
        context_.metrics
            .counter("logentry_dropped_lines_by_label_total",
                     "Lines that a stage dropped, by label.",
                     {{"label_name", o.by_label_name}, {"label_value", *value}})
            .add();
        return Verdict::kDrop;
    }

  private:
    TokenBucket& bucket_of(const std::string& value) {
        auto& buckets = state_->by_label;
        if (buckets.size() >= state_->options.max_distinct_labels && !buckets.contains(value)) {
            buckets.clear();
        }
        return buckets.try_emplace(value, state_->options.rate, state_->options.burst)
            .first->second;
    }

    std::shared_ptr<LimitState> state_;
    const StageContext& context_;
    base::Counter dropped_;
};

struct SamplingOptions {
    double rate = -1;
    std::string reason = "sampling_stage";
};

// An entry that is read again has the same fate.
class SamplingStage final : public Stage {
  public:
    SamplingStage(std::shared_ptr<const SamplingOptions> options, const StageContext& context)
        : options_(std::move(options)), dropped_(dropped_lines(context, options_->reason)) {}

    Verdict process(Entry& entry) override {
        const std::uint64_t hash =
            base::hash64(entry.line, static_cast<std::uint64_t>(entry.read_time.ns));
        constexpr double kHashes = 18446744073709551616.0;
        if (static_cast<double>(hash) / kHashes < options_->rate) {
            return Verdict::kPass;
        }
        dropped_.add();
        return Verdict::kDrop;
    }

  private:
    std::shared_ptr<const SamplingOptions> options_;
    base::Counter dropped_;
};

}  // namespace

StageMaker read_limit_stage(const YAML::Node& options) {
    LimitOptions o;
    config::read_keys(options,
                      "the stage 'limit'",
                      {{"rate", config::set(o.rate)},
                       {"burst", config::set(o.burst)},
                       {"drop", config::set(o.drop)},
                       {"by_label_name", config::set(o.by_label_name)},
                       {"max_distinct_labels", config::set(o.max_distinct_labels)}});
    if (o.rate <= 0 || o.burst < 1) {
        config::refuse(options, "the stage 'limit' needs a rate and a burst above 0");
    }
    if (!o.by_label_name.empty() && !o.drop) {
        config::refuse(options, "the stage 'limit' with by_label_name needs 'drop: true'");
    }
    return [state = std::make_shared<LimitState>(std::move(o))](const StageContext& context) {
        return std::make_unique<LimitStage>(state, context);
    };
}

StageMaker read_sampling_stage(const YAML::Node& options) {
    SamplingOptions o;
    config::read_keys(
        options,
        "the stage 'sampling'",
        {{"rate", config::set(o.rate)}, {"drop_counter_reason", config::set(o.reason)}});
    if (o.rate < 0 || o.rate > 1) {
        config::refuse(options, "the stage 'sampling' needs a rate from 0 to 1");
    }
    return maker_of<SamplingStage>(std::move(o));
}

}  // namespace logi::agent
