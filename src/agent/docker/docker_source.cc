#include "agent/docker/docker_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/discovery/json_members.h"
#include "agent/docker/docker_labels.h"
#include "agent/jmespath/expression.h"
#include "agent/sent_labels.h"
#include "base/log.h"
#include "relabel/relabel.h"
#include "wire/json_text.h"

#include <algorithm>
#include <set>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kContainersBytesMax = 64U << 20U;
constexpr Duration kContainersTimeout = Duration::seconds(60);
constexpr std::size_t kIdBytes = 64;
const std::string kKeyPrefix = "cursor-";

// The id of the container that the key of a position is of; empty if it is none.
std::string id_of(const std::string& key) {
    const std::string id = key.starts_with(kKeyPrefix) ? key.substr(kKeyPrefix.size()) : "";
    const bool is_id = id.size() == kIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
                           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                       });
    return is_id ? id : "";
}

// As the API takes it: {"name":["value",…],…}.
std::string filters_text(const DockerSdConfig& config) {
    std::string out = "{";
    for (const auto& [name, values] : config.filters) {
        out += out.size() > 1 ? "," : "";
        wire::append_json_string(out, name);
        out += ":[";
        for (std::size_t i = 0; i < values.size(); ++i) {
            out += i > 0 ? "," : "";
            wire::append_json_string(out, values[i]);
        }
        out += "]";
    }
    return out + "}";
}

StatusOr<jmespath::Value> list_of(const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(auto value, jmespath::parse_json(body));
    if (value.array() == nullptr) {
        return absl::InvalidArgumentError("the host's answer is no list");
    }
    return value;
}

}  // namespace

DockerSource::DockerSource(const DockerDeps& deps, const Positions& saved) : deps_(deps) {
    for (const auto& [key, place] : saved) {
        if (const std::string id = id_of(key); !id.empty()) {
            saved_[id] = place;
        }
    }
}

DockerSource::~DockerSource() {
    *alive_ = false;
}

void DockerSource::stop() {
    stopped_ = true;
    for (const auto& [id, container] : containers_) {
        container->stop();
    }
}

void DockerSource::read_on() {
    for (const auto& [id, container] : containers_) {
        container->read_on();
    }
}

std::vector<FileStatus> DockerSource::status() const {
    std::vector<FileStatus> all;
    for (const auto& [id, container] : containers_) {
        all.push_back(
            {deps_.scrape.job_name, "container " + id, shown_.at(id), container->lines()});
    }
    return all;
}

void DockerSource::clear_positions(Positions& positions) const {
    if (listed_) {
        std::erase_if(positions, [](const auto& item) { return !id_of(item.first).empty(); });
    }
}

void DockerSource::add_positions(Positions& positions) const {
    for (const auto& [id, place] : saved_) {
        positions[kKeyPrefix + id] = place;
    }
    for (const auto& [id, container] : containers_) {
        if (const auto place = container->saved_place(); place.has_value()) {
            positions[kKeyPrefix + id] = *place;
        }
    }
}

void DockerSource::ask(const std::string& path, std::function<void(const std::string& body)> take) {
    if (stopped_) {
        return;
    }
    auto request = docker_request(deps_.config, path);
    if (!request.ok()) {
        end_round(request.status());
        return;
    }
    request->timeout = kContainersTimeout;
    fetch(deps_.http,
          *std::move(request),
          kContainersBytesMax,
          [this, alive = alive_, take = std::move(take)](const StatusOr<std::string>& body) {
              if (!*alive || stopped_) {
                  return;
              }
              if (body.ok()) {
                  take(*body);
              } else {
                  end_round(body.status());
              }
          });
}

void DockerSource::ask_networks() {
    ask("/networks", [this](const std::string& body) {
        if (const Status status = take_networks(body); !status.ok()) {
            end_round(status);
            return;
        }
        ask_containers();
    });
}

void DockerSource::ask_containers() {
    ask("/containers/json?filters=" + net::url_encode(filters_text(deps_.config)),
        [this](const std::string& body) {
            if (const Status status = take_containers(body); !status.ok()) {
                end_round(status);
                return;
            }
            ask_existing();
        });
}

void DockerSource::ask_existing() {
    ask("/containers/json?all=1",
        [this](const std::string& body) { end_round(take_existing(body)); });
}

Status DockerSource::take_networks(const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(const auto list, list_of(body));
    networks_.clear();
    for (const jmespath::Value& network : *list.array()) {
        networks_[text_of(network, "Id")] = docker_network_labels(network);
    }
    return absl::OkStatus();
}

Status DockerSource::take_containers(const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(const auto list, list_of(body));
    for (const jmespath::Value& container : *list.array()) {
        const std::string id = text_of(container, "Id");
        if (!id.empty()) {
            follow(id, docker_container_labels(container, networks_, deps_.config));
        }
    }
    return absl::OkStatus();
}

void DockerSource::follow(const std::string& id, const TextMap& labels) {
    DockerContainer::OutputLabels outputs;
    for (const bool is_error : {false, true}) {
        std::vector<LabelPair> pairs;
        for (const auto& [name, value] : labels) {
            pairs.push_back({name, value});
        }
        pairs.push_back({"__meta_docker_container_log_stream", is_error ? "stderr" : "stdout"});
        if (relabel(deps_.scrape.relabel, pairs)) {
            pairs = sent_labels(std::move(pairs));
            if (!pairs.empty()) {
                outputs[is_error ? 1 : 0] = std::move(pairs);
            }
        }
    }
    auto known = containers_.find(id);
    if (!outputs[0].has_value() && !outputs[1].has_value()) {
        if (known == containers_.end()) {
            return;
        }
    } else {
        shown_[id] =
            Labels::from_pairs(outputs[0].value_or(outputs[1].value_or(std::vector<LabelPair>())));
    }
    if (known == containers_.end()) {
        const auto saved = saved_.find(id);
        known = containers_
                    .emplace(id,
                             std::make_unique<DockerContainer>(
                                 deps_,
                                 id,
                                 saved == saved_.end() ? std::nullopt
                                                       : std::optional<std::string>(saved->second)))
                    .first;
        base::log_info("reading a container", {{"container", id}});
    }
    known->second->set_labels(std::move(outputs));
    known->second->follow();
}

// What is known of containers that there are no more is forgotten, once all of it has arrived.
Status DockerSource::take_existing(const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(const auto list, list_of(body));
    std::set<std::string> existing;
    for (const jmespath::Value& container : *list.array()) {
        existing.insert(text_of(container, "Id"));
    }
    listed_ = true;
    std::erase_if(saved_, [&](const auto& item) { return !existing.contains(item.first); });
    std::erase_if(containers_, [&](const auto& item) {
        const bool gone = !existing.contains(item.first) && item.second->idle();
        if (gone) {
            shown_.erase(item.first);
        }
        return gone;
    });
    return absl::OkStatus();
}

void DockerSource::end_round(const Status& status) {
    const std::string error(status.message());
    if (!error.empty() && error != last_error_) {
        base::log_error("docker_sd_configs: the containers stay as they are", {{"error", error}});
    }
    last_error_ = error;
    deps_.http.executor.post_after(deps_.config.refresh_interval,
                                   [this, alive = alive_, &strand = deps_.http.strand] {
                                       strand.post([this, alive] {
                                           if (*alive) {
                                               ask_networks();
                                           }
                                       });
                                   });
}

}  // namespace logi::agent
