#include "agent/receive/receivers.h"

#include "absl/strings/str_cat.h"
#include "agent/receive/gelf_target.h"
#include "agent/receive/push_target.h"
#include "agent/receive/syslog_target.h"
#include "base/log.h"

namespace logi::agent {

Receivers::Receivers(const ReceiverDeps& deps, const std::vector<ScrapeConfig>& scrapes) {
    const auto add = [&](const ScrapeConfig& scrape, std::unique_ptr<Receiver> receiver) {
        all_.push_back(std::move(receiver));
        jobs_.push_back(scrape.job_name);
    };
    for (const ScrapeConfig& scrape : scrapes) {
        if (scrape.syslog.has_value()) {
            add(scrape, make_syslog_target(deps, scrape));
        }
        if (scrape.gelf.has_value()) {
            add(scrape, make_gelf_target(deps, scrape));
        }
        if (scrape.push_api.has_value()) {
            add(scrape, make_push_target(deps, scrape));
        }
    }
}

Status Receivers::start() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (const Status started = all_[i]->start(); !started.ok()) {
            return Status(started.code(),
                          absl::StrCat("scrape config '", jobs_[i], "': ", started.message()));
        }
        const ReceiverStatus status = all_[i]->status();
        base::log_info("listening",
                       {{"job", status.job}, {"target", status.kind}, {"address", status.address}});
    }
    return absl::OkStatus();
}

void Receivers::shutdown() {
    for (const auto& receiver : all_) {
        receiver->shutdown();
    }
}

void Receivers::read_on() {
    for (const auto& receiver : all_) {
        receiver->read_on();
    }
}

void Receivers::finish() {
    for (const auto& receiver : all_) {
        receiver->finish();
    }
}

std::vector<ReceiverStatus> Receivers::status() const {
    std::vector<ReceiverStatus> all;
    for (const auto& receiver : all_) {
        all.push_back(receiver->status());
    }
    return all;
}

}  // namespace logi::agent
