#include "agent/discovery/discovery.h"

#include "absl/strings/str_cat.h"
#include "agent/config/readers.h"
#include "agent/sent_labels.h"
#include "base/log.h"
#include "config/sections.h"
#include "io/file_system.h"
#include "io/growing_file.h"
#include "io/read_file.h"
#include "relabel/relabel.h"

#include <map>
#include <set>

namespace logi::agent {
namespace {

constexpr std::string_view kPathLabel = "__path__";
constexpr std::string_view kExcludeLabel = "__path_exclude__";
constexpr std::string_view kHostLabel = "__host__";
constexpr std::uint64_t kGroupFileBytesMax = 16U << 20U;

class StaticDiscovery final : public Discovery {
  public:
    StaticDiscovery(std::vector<TargetGroup> groups, const std::string& hostname)
        : groups_(std::move(groups)) {
        for (TargetGroup& group : groups_) {
            if (group.targets.empty()) {
                group.targets = {"localhost"};
            }
            std::erase_if(group.targets, [&](const std::string& target) {
                const std::string host = target.substr(0, target.find(':'));
                return host != "localhost" && host != hostname;
            });
        }
    }
    void start(std::function<void()>) override {}
    [[nodiscard]] const std::vector<TargetGroup>& groups() const override { return groups_; }

  private:
    std::vector<TargetGroup> groups_;
};

class FileDiscovery final : public Discovery {
  public:
    explicit FileDiscovery(const FileSdConfig& config) {
        for (const std::string& pattern : config.files) {
            auto glob = Glob::parse(pattern);
            if (glob.ok()) {
                globs_.push_back(*std::move(glob));
            } else {
                base::log_error("file_sd_configs",
                                {{"error", std::string(glob.status().message())}});
            }
        }
        refresh();
    }
    void start(std::function<void()> on_change) override { on_change_ = std::move(on_change); }

    void refresh() override {
        std::set<std::string> dirs;
        std::map<std::string, File> now;
        bool changed = false;
        for (const Glob& glob : globs_) {
            for (const std::string& path : glob.find(dirs)) {
                now[path] = look_at(path, changed);
            }
        }
        changed = changed || now.size() != files_.size();
        files_ = std::move(now);
        if (changed) {
            groups_.clear();
            for (const auto& [path, file] : files_) {
                groups_.insert(groups_.end(), file.groups.begin(), file.groups.end());
            }
            on_change_();
        }
    }
    [[nodiscard]] const std::vector<TargetGroup>& groups() const override { return groups_; }

  private:
    struct File {
        io::FileIdentity identity;
        std::uint64_t bytes = 0;
        std::int64_t changed_ns = 0;
        std::vector<TargetGroup> groups;
    };

    File look_at(const std::string& path, bool& changed) const {
        const auto before = files_.find(path);
        File file;
        if (const auto info = io::file_info(path); info.ok()) {
            file = {info->identity, info->bytes, info->changed_ns, {}};
        }
        if (before != files_.end() && before->second.identity == file.identity &&
            before->second.bytes == file.bytes && before->second.changed_ns == file.changed_ns) {
            return before->second;
        }
        changed = true;
        const Status status = read(path, file.groups);
        if (!status.ok()) {
            base::log_error("a file of targets is not taken",
                            {{"path", path}, {"error", std::string(status.message())}});
            if (before != files_.end()) {
                file.groups = before->second.groups;
            }
        }
        return file;
    }

    static Status read(const std::string& path, std::vector<TargetGroup>& groups) {
        const auto files = io::make_posix_file_system();
        LOGI_ASSIGN_OR_RETURN(const std::string text,
                              io::read_file(*files, path, kGroupFileBytesMax));
        return config::read_yaml(  // JSON is YAML, too
            text,
            path,
            [&](const YAML::Node& root) { groups = read_target_groups(root); });
    }

    std::vector<Glob> globs_;
    std::map<std::string, File> files_;
    std::vector<TargetGroup> groups_;
    std::function<void()> on_change_ = [] {
    };
};

// Nothing, or why the labels are no target's.
std::optional<std::string> to_target(const std::vector<LabelPair>& labels,
                                     const std::string& hostname,
                                     FileTarget& target) {
    const Labels all = Labels::from_pairs(labels);
    if (const LabelPair* host = all.find(kHostLabel); host != nullptr && host->value != hostname) {
        return "it is on the host " + host->value;
    }
    const std::string path(all.get(kPathLabel));
    if (path.empty()) {
        return "it has no __path__";
    }
    auto glob = Glob::parse(path);
    if (!glob.ok()) {
        return std::string(glob.status().message());
    }
    target.path = *std::move(glob);
    if (const LabelPair* excluded = all.find(kExcludeLabel); excluded != nullptr) {
        auto exclude = Glob::parse(excluded->value);
        if (!exclude.ok()) {
            return std::string(exclude.status().message());
        }
        target.excluded = *std::move(exclude);
    }
    std::vector<LabelPair> sent = sent_labels(all.pairs());
    if (sent.empty()) {
        return "it has no labels";
    }
    target.labels = Labels::from_pairs(std::move(sent));
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Discovery> discover_static(const std::vector<TargetGroup>& groups,
                                           const std::string& hostname) {
    return std::make_unique<StaticDiscovery>(groups, hostname);
}

std::unique_ptr<Discovery> discover_in_files(const FileSdConfig& config) {
    return std::make_unique<FileDiscovery>(config);
}

void resolve_targets(const ScrapeConfig& scrape,
                     const TargetGroup& group,
                     const std::string& hostname,
                     std::vector<FileTarget>& targets,
                     std::vector<DroppedTarget>& dropped) {
    for (const std::string& address : group.targets) {
        std::vector<LabelPair> labels = {{"__address__", address}};
        for (const auto& [name, value] : group.labels) {
            labels.push_back({name, value});
        }
        FileTarget target{.scrape = &scrape,
                          .path = {},
                          .excluded = std::nullopt,
                          .labels = {},
                          .discovered = Labels::from_pairs(labels)};
        std::optional<std::string> reason;
        if (!relabel(scrape.relabel, labels)) {
            reason = "relabel_configs drop it";
        } else {
            reason = to_target(labels, hostname, target);
        }
        if (reason.has_value()) {
            dropped.push_back({scrape.job_name, target.discovered, *reason});
        } else {
            targets.push_back(std::move(target));
        }
    }
}

}  // namespace logi::agent
