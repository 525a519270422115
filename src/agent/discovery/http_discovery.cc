#include "agent/discovery/http_discovery.h"

#include "absl/strings/str_cat.h"
#include "agent/config/readers.h"
#include "base/log.h"
#include "config/sections.h"

#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kTargetsBytesMax = 16U << 20U;
constexpr Duration kTargetsTimeout = Duration::seconds(60);

class HttpDiscovery final : public Discovery {
  public:
    HttpDiscovery(const HttpDeps& deps, const HttpSdConfig& config)
        : deps_(deps), config_(config) {}

    void start(std::function<void()> on_change) override {
        on_change_ = std::move(on_change);
        ask();
    }
    void stop() override { stopped_ = true; }
    [[nodiscard]] const std::vector<TargetGroup>& groups() const override { return groups_; }

  private:
    void ask() {
        if (stopped_) {
            return;
        }
        auto request = request_to(config_.client, config_.url);
        if (!request.ok()) {
            take(request.status());
            return;
        }
        request->timeout = kTargetsTimeout;
        request->headers.emplace_back("Accept", "application/json");
        request->headers.emplace_back(
            "X-Prometheus-Refresh-Interval-Seconds",
            absl::StrCat(static_cast<double>(config_.refresh_interval.ns) / kNanosPerSecond));
        fetch(
            deps_, *std::move(request), kTargetsBytesMax, [this](const auto& body) { take(body); });
    }

    void take(const StatusOr<std::string>& body) {
        if (stopped_) {
            return;
        }
        std::vector<TargetGroup> groups;
        const Status status = body.ok() ? read(*body, groups) : body.status();
        const std::string error(status.message());
        if (!error.empty() && error != last_error_) {
            base::log_error("http_sd_configs: the targets stay as they are", {{"error", error}});
        }
        last_error_ = error;
        if (status.ok() && groups != groups_) {
            groups_ = std::move(groups);
            on_change_();
        }
        deps_.executor.post_after(config_.refresh_interval,
                                  [this] { deps_.strand.post([this] { ask(); }); });
    }

    Status read(const std::string& body, std::vector<TargetGroup>& groups) const {
        LOGI_RETURN_IF_ERROR(config::read_yaml(  // JSON is YAML, too
            body,
            config_.url,
            [&](const YAML::Node& root) { groups = read_target_groups(root); }));
        for (TargetGroup& group : groups) {
            group.labels["__meta_url"] = config_.url;
        }
        return absl::OkStatus();
    }

    const HttpDeps deps_;
    const HttpSdConfig& config_;
    std::vector<TargetGroup> groups_;
    std::function<void()> on_change_;
    std::string last_error_;
    bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Discovery> discover_by_http(const HttpDeps& deps, const HttpSdConfig& config) {
    return std::make_unique<HttpDiscovery>(deps, config);
}

}  // namespace logi::agent
