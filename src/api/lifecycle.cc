#include "api/lifecycle.h"

#include "absl/strings/str_cat.h"

#include <map>

namespace logi::api {

const char* name_of(Lifecycle::State state) {
    switch (state) {
        case Lifecycle::State::kRunning:
            return "Running";
        case Lifecycle::State::kStopping:
            return "Stopping";
        case Lifecycle::State::kTerminated:
            break;
    }
    return "Terminated";
}

std::vector<std::pair<std::string, Lifecycle::State>> Lifecycle::services() const {
    const State all = stopping_ ? State::kStopping : State::kRunning;
    const State writing = std::max(all, writing_.load());
    std::vector<std::pair<std::string, State>> services;
    if (parts_.compact) {
        services = {{"compactor", all}};
    }
    if (parts_.write) {
        services.insert(services.end(), {{"distributor", writing}, {"ingester", writing}});
    }
    if (parts_.read) {
        services.insert(services.end(),
                        {{"querier", all}, {"query-frontend", all}, {"query-scheduler", all}});
    }
    if (parts_.rule) {
        services.emplace_back("ruler", all);
    }
    services.insert(services.end(), {{"runtime-config", all}, {"server", all}});
    return services;
}

std::string Lifecycle::why_not_ready() const {
    if (stopping_) {
        return "Application is stopping";
    }
    if (writing_ == State::kRunning) {
        return "";
    }
    std::map<std::string, int> counts;
    for (const auto& [name, state] : services()) {
        ++counts[name_of(state)];
    }
    std::string why = "Some services are not Running:";
    for (const auto& [state, count] : counts) {
        absl::StrAppend(&why, "\n", state, ": ", count);
    }
    return why;
}

void Lifecycle::stop_writing(bool flush, std::function<void(Status)> done) {
    State running = State::kRunning;
    writing_.compare_exchange_strong(running, State::kStopping);
    flushes_at_end_ = flush;
    store_.stop_taking();
    auto stopped = [this, done = std::move(done)](const Status& status) {
        if (status.ok()) {
            writing_ = State::kTerminated;
        }
        done(status);
    };
    if (flush) {
        store_.flush(std::move(stopped));
    } else {
        stopped(absl::OkStatus());
    }
}

Status Lifecycle::set_prepared() {
    LOGI_RETURN_IF_ERROR(files_.make_dirs(marker_dir_));
    const auto file = files_.create(marker());
    if (!file.ok() && !absl::IsAlreadyExists(file.status())) {
        return file.status();
    }
    return files_.sync_dir(marker_dir_);
}

StatusOr<bool> Lifecycle::is_prepared() {
    const auto file = files_.open(marker());
    if (file.ok() || absl::IsNotFound(file.status())) {
        return file.ok();
    }
    return file.status();
}

Status Lifecycle::clear_prepared() {
    LOGI_ASSIGN_OR_RETURN(const bool prepared, is_prepared());
    if (prepared) {
        LOGI_RETURN_IF_ERROR(files_.remove(marker()));
        return files_.sync_dir(marker_dir_);
    }
    return absl::OkStatus();
}

}  // namespace logi::api
