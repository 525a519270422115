#include "tail/tails.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "logql/printer.h"

namespace logi::tail {

Tails::Tails(io::Executor& executor,
             const io::Clock& clock,
             base::Registry& metrics,
             Render render,
             TailOptions options)
    : shared_(new Shared{
          executor,
          clock,
          render,
          options.follower_bytes_max,
          options.bytes_max,
          metrics.counter("logi_tail_sent_lines_total", "Lines sent to who follows queries."),
          metrics.counter("logi_tail_lost_lines_total",
                          "Lines that followers did not get because they were too slow."),
          {}}),
      metrics_(metrics.on_render([this](base::Scrape& scrape) {
          for (const char* name : {"logi_tail_followers", "loki_querier_tail_active"}) {
              scrape.gauge(name,
                           "Connections that follow queries.",
                           {},
                           static_cast<double>(followers_.load()));
          }
      })) {}

void Tails::publish(const std::string& tenant,
                    std::shared_ptr<const std::vector<ingest::AcceptedStream>> streams,
                    std::shared_ptr<const std::string> record) {
    if (followers_ == 0) {
        return;
    }
    const base::MutexLock lock(mutex_);
    const auto it = tenants_.find(tenant);
    if (it == tenants_.end()) {
        return;
    }
    const auto applied =
        std::make_shared<const Applied>(Applied{std::move(streams), std::move(record)});
    for (const auto& [query, hub] : it->second.hubs) {
        hub->publish(applied);
    }
}

bool Tails::follows(const std::string& tenant) {
    const base::MutexLock lock(mutex_);
    return tenants_.contains(tenant);
}

std::shared_ptr<Hub> Tails::find_hub(const std::string& tenant, const std::string& query) {
    const base::MutexLock lock(mutex_);
    const auto tails = tenants_.find(tenant);
    if (tails == tenants_.end()) {
        return nullptr;
    }
    const auto hub = tails->second.hubs.find(query);
    return hub == tails->second.hubs.end() ? nullptr : hub->second;
}

StatusOr<std::shared_ptr<Follower>> Tails::follow(const Follow& wanted) {
    const std::string query = logql::to_string(wanted.log);
    auto made = find_hub(wanted.tenant, query);
    if (made == nullptr) {
        // Without the lock: it may take long to compile, and what is taken in must not wait.
        LOGI_ASSIGN_OR_RETURN(made, Hub::make(shared_, wanted.log));
    }
    const auto follower = std::make_shared<Follower>(shared_, wanted.form, wanted.delay);
    const base::MutexLock lock(mutex_);
    const auto known = tenants_.find(wanted.tenant);
    const std::int64_t count =
        known == tenants_.end() ? 1 : static_cast<std::int64_t>(known->second.followers.size()) + 1;
    if (wanted.followers_max > 0 && count > wanted.followers_max) {
        return absl::ResourceExhaustedError(
            absl::StrCat("max concurrent tail requests limit exceeded, count > limit (",
                         count,
                         " > ",
                         wanted.followers_max,
                         ")"));
    }
    TenantTails& tails = tenants_[wanted.tenant];
    tails.hubs.try_emplace(query, std::move(made)).first->second->add(follower);
    tails.followers.emplace(follower.get(), query);
    ++followers_;
    return follower;
}

void Tails::end(const std::string& why) {
    const base::MutexLock lock(mutex_);
    for (const auto& [tenant, tails] : tenants_) {
        for (const auto& [query, hub] : tails.hubs) {
            hub->end(why);
        }
    }
}

void Tails::leave(const std::string& tenant, const std::shared_ptr<Follower>& follower) {
    const std::uint64_t lost = follower->lost();
    if (lost > 0) {
        base::log_info("a follower was too slow for some lines",
                       {{"tenant", tenant}, {"lines", std::to_string(lost)}});
    }
    const base::MutexLock lock(mutex_);
    const auto tails = tenants_.find(tenant);
    if (tails == tenants_.end()) {
        return;
    }
    const auto of = tails->second.followers.find(follower.get());
    if (of == tails->second.followers.end()) {
        return;
    }
    const auto hub = tails->second.hubs.find(of->second);
    if (hub->second->remove(follower.get())) {
        tails->second.hubs.erase(hub);
    }
    tails->second.followers.erase(of);
    if (tails->second.followers.empty()) {
        tenants_.erase(tails);
    }
    --followers_;
}

}  // namespace logi::tail
