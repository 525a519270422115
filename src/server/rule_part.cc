#include "server/rule_part.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "bucket/directory_bucket.h"
#include "rule/bucket_rules.h"
#include "rule/folder_rules.h"

#include <utility>

namespace logi::server {
namespace {

// Requests to others, each of which may take long.
constexpr std::size_t kOutgoingThreads = 4;
constexpr const char* kQueuesFolder = "ruler-wal";

std::unique_ptr<rule::RuleStore> open_rules(const RulePart::Deps& deps,
                                            const config::Config& config) {
    if (!config.ruler.rules_folder.empty()) {
        return std::make_unique<rule::FolderRules>(deps.files, config.ruler.rules_folder);
    }
    return std::make_unique<rule::BucketRules>(deps.store.bucket(), deps.random);
}

rule::RulerOptions options_of(const config::Ruler& ruler) {
    rule::RulerOptions options;
    options.evaluation_interval = ruler.evaluation_interval;
    options.poll_interval = ruler.poll_interval;
    options.resend_delay = ruler.resend_delay;
    options.outage_tolerance = ruler.for_outage_tolerance;
    options.rule_group_label = !ruler.disable_rule_group_label;
    options.templates = {ruler.alertmanager.external_labels, ruler.external_url};
    options.enabled_tenants = ruler.enabled_tenants;
    options.disabled_tenants = ruler.disabled_tenants;
    return options;
}

rule::DeliveryOptions delivery_of(const config::Ruler& ruler) {
    return {ruler.alertmanager,
            ruler.external_url,
            ruler.datasource_uid,
            ruler.remote_write_enabled,
            ruler.add_org_id_header,
            ruler.remote_write};
}

}  // namespace

StatusOr<std::unique_ptr<RulePart>> RulePart::open(const Deps& deps, const config::Config& config) {
    auto part = absl::WrapUnique(new RulePart(deps, config));
    if (deps.evaluates && config.ruler.remote_write_enabled) {
        LOGI_ASSIGN_OR_RETURN(part->queues_,
                              bucket::DirectoryBucket::open(
                                  deps.files, deps.random, config.data_dir + "/" + kQueuesFolder));
    }
    if (deps.evaluates && deps.shared) {
        part->shares_ = std::make_unique<rule::ClusterShares>(
            rule::ClusterShares::Deps{deps.executor, deps.store.bucket(), deps.clock},
            absl::StrFormat("%016x", deps.random.next_u64()));
    }
    part->delivery_ = std::make_unique<rule::Delivery>(
        rule::Delivery::Deps{
            deps.store.limits(), *part->outgoing_, part->queues_.get(), deps.metrics},
        delivery_of(config.ruler));
    part->ruler_ = std::make_unique<rule::Ruler>(
        rule::Ruler::Deps{*part->rules_,
                          deps.store.bucket(),
                          [query = &part->query_](rule::QueryRequest request, auto done) {
                              query->ask(std::move(request), std::move(done));
                          },
                          *part->delivery_,
                          deps.executor,
                          deps.clock,
                          deps.metrics,
                          part->shares_.get()},
        options_of(config.ruler));
    return part;
}

RulePart::RulePart(const Deps& deps, const config::Config& config)
    : deps_(deps),
      rules_(open_rules(deps, config)),
      query_(deps.store, deps.executor, deps.clock, deps.metrics),
      outgoing_(std::make_unique<io::ThreadPool>(kOutgoingThreads)) {}

RulePart::~RulePart() = default;

void RulePart::start() {
    if (!deps_.evaluates) {
        return;
    }
    if (shares_ != nullptr) {
        shares_->start();
    }
    outgoing_->post([this] {
        if (const Status s = delivery_->start(); !s.ok()) {
            base::log_error("recorded samples of earlier runs cannot be sent",
                            {{"error", std::string(s.message())}});
        }
    });
    ruler_->start();
}

void RulePart::stop(io::Task done) {
    ruler_->stop([this, done = std::move(done)] {
        delivery_->stop();
        deps_.executor.post([this, done] {
            if (shares_ != nullptr) {
                shares_->leave();
            }
            done();
        });
    });
}

}  // namespace logi::server
