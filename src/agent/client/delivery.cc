#include "agent/client/delivery.h"

#include <algorithm>
#include <utility>

namespace logi::agent {

StatusOr<std::unique_ptr<Delivery>> Delivery::make(const AgentConfig& config,
                                                   const Client::Deps& deps,
                                                   ReadLog& log) {
    auto delivery = std::unique_ptr<Delivery>(new Delivery(config.limits, deps.metrics, log));
    Delivery* self = delivery.get();
    for (const ClientConfig& each : config.clients) {
        Client::Events events;
        // What an entry's place in its file is must be known for good before it may arrive.
        events.on_closed = [self](std::function<void()> may_send) {
            ++self->generation_;
            self->log_.commit(std::move(may_send));
        };
        events.on_done = [self] {
            self->check_done();
        };
        LOGI_ASSIGN_OR_RETURN(auto client, Client::make(each, deps, std::move(events)));
        delivery->clients_.push_back(std::move(client));
    }
    return delivery;
}

std::unique_ptr<Delivery> Delivery::printing(const AgentConfig& config,
                                             const Client::Deps& deps,
                                             ReadLog& log,
                                             Printer printer) {
    auto delivery = std::unique_ptr<Delivery>(new Delivery(config.limits, deps.metrics, log));
    delivery->printer_ = std::move(printer);
    return delivery;
}

void Delivery::add(const std::shared_ptr<Progress>& progress,
                   Entry& entry,
                   std::string_view key,
                   std::uint64_t position) {
    if (!within_limits(entry, key)) {
        progress->skip(position);
        return;
    }
    if (printer_) {
        printer_(entry);
    }
    const std::string* named = entry.labels.find(kTenantLabel);
    const std::size_t bytes = entry_bytes(entry);
    for (const auto& client : clients_) {
        client->make_room(named == nullptr ? client->tenant() : *named, bytes);
    }
    if (clients_.empty()) {
        progress->skip(position);
        return;
    }
    bool opened = false;
    const std::uint64_t run = progress->run_for(position, generation_, opened);
    for (const auto& client : clients_) {
        client->add(entry, key, named == nullptr ? client->tenant() : *named, progress, run);
    }
}

bool Delivery::within_limits(Entry& entry, std::string_view key) {
    const auto line_max = static_cast<std::size_t>(limits_.max_line_bytes);
    if (line_max > 0 && entry.line.size() > line_max) {
        if (!limits_.max_line_truncate) {
            drop(entry, "line_too_long");
            return false;
        }
        metrics_
            .counter("promtail_mutated_entries_total",
                     "Log entries mutated.",
                     {{"reason", "line_too_long"}})
            .add();
        metrics_
            .counter(
                "promtail_mutated_bytes_total", "Bytes mutated.", {{"reason", "line_too_long"}})
            .add(static_cast<double>(entry.line.size() - line_max));
        entry.line = entry.line.substr(0, line_max);
    }
    if (limits_.max_streams > 0 && !streams_.contains(absl::string_view(key.data(), key.size()))) {
        if (streams_.size() >= static_cast<std::size_t>(limits_.max_streams)) {
            drop(entry, "stream_limited");
            return false;
        }
        streams_.insert(std::string(key));
    }
    return true;
}

void Delivery::drop(const Entry& entry, const std::string& reason) {
    const base::MetricLabels labels = {{"host", ""}, {"tenant", ""}, {"reason", reason}};
    metrics_.counter("promtail_dropped_entries_total", "Log entries dropped.", labels).add();
    metrics_.counter("promtail_dropped_bytes_total", "Bytes dropped.", labels)
        .add(static_cast<double>(entry.line.size()));
}

bool Delivery::has_room() const {
    return std::all_of(
        clients_.begin(), clients_.end(), [](const auto& client) { return client->has_room(); });
}

void Delivery::hurry() {
    for (const auto& client : clients_) {
        client->hurry();
    }
}

void Delivery::flush(std::function<void()> done) {
    on_flushed_ = std::move(done);
    for (const auto& client : clients_) {
        client->flush();
    }
    check_done();
}

void Delivery::stop(std::function<void()> done) {
    stopping_ = true;
    on_flushed_ = std::move(done);
    for (const auto& client : clients_) {
        client->stop();
    }
    check_done();
}

void Delivery::check_done() {
    const bool done = std::all_of(clients_.begin(), clients_.end(), [this](const auto& client) {
        return client->idle() || (stopping_ && client->stopped());
    });
    if (done && on_flushed_) {
        // The records of what is delivered, too.
        log_.commit(std::exchange(on_flushed_, nullptr));
    }
    if (has_room()) {
        on_room_();
    }
}

}  // namespace logi::agent
