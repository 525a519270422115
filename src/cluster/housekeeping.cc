#include "cluster/housekeeping.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "cluster/announcement.h"

#include <algorithm>
#include <set>
#include <utility>

namespace logi::cluster {

Housekeeping::Housekeeping(ingest::Store& store,
                           io::Executor& executor,
                           base::Registry& metrics,
                           HousekeepingOptions options)
    : store_(store),
      executor_(executor),
      options_(std::move(options)),
      taken_over_(metrics.counter("logi_cluster_journals_taken_over_total",
                                  "Journals of dead writers that were written into segments.")),
      damaged_(metrics.counter("logi_cluster_journal_objects_damaged_total",
                               "Objects of such journals that could not be read, or not wholly: "
                               "they were copied to the folder of what is damaged.")),
      swept_(metrics.counter("logi_cluster_segments_swept_total",
                             "Segments removed that were replaced, or that nobody names.")),
      watch_(store.bucket(), kWritersFolder, kDeadAfterLooks),
      sweeper_(static_cast<int>(options_.grace.ns / kLook.ns) + 1),
      strand_(executor) {}

Housekeeping::~Housekeeping() {
    alive_->store(false);
}

void Housekeeping::start() {
    after(Duration{}, &Housekeeping::look);
    if (options_.interval.ns > 0) {
        after(options_.interval, &Housekeeping::round);
    }
}

void Housekeeping::after(Duration delay, void (Housekeeping::*work)()) {
    executor_.post_after(delay, [this, work, strand = strand_, alive = alive_]() mutable {
        strand.post([this, work, alive] {
            if (alive->load()) {
                (this->*work)();
            }
        });
    });
}

void Housekeeping::stop(io::Task done) {
    strand_.post([alive = alive_, done = std::move(done)] {
        alive->store(false);
        done();
    });
}

void Housekeeping::look() {
    sweeper_.tick();
    if (const Status status = take_over(); !status.ok()) {
        base::log_warn("what dead writers have left could not be looked after",
                       {{"error", std::string(message_of(status))}});
    }
    after(kLook, &Housekeeping::look);
}

Status Housekeeping::take_over() {
    LOGI_ASSIGN_OR_RETURN(const auto journals, journal::registered_journals(store_.bucket()));
    std::set<std::string> writers;
    std::vector<std::pair<std::uint64_t, std::string>> owned;
    for (const std::uint64_t journal : journals) {
        const auto writer = journal::writer_of(store_.bucket(), journal);
        if (writer.status().code() == absl::StatusCode::kNotFound) {
            continue;
        }
        LOGI_RETURN_IF_ERROR(writer.status());
        writers.insert(*writer);
        owned.emplace_back(journal, *writer);
    }
    std::erase_if(leaving_, [&](const auto& item) {
        return !std::binary_search(journals.begin(), journals.end(), item.first);
    });
    LOGI_RETURN_IF_ERROR(watch_.look(writers));
    Status worst;
    for (const auto& [journal, writer] : owned) {
        // Who is heard again does not get back what was sealed.
        if (!watch_.is_dead(writer) && !leaving_.contains(journal)) {
            continue;
        }
        if (const Status status = take_over(journal); !status.ok()) {
            worst =
                Status(status.code(), absl::StrCat("journal ", journal, ": ", status.message()));
        }
    }
    worst.Update(watch_.forget_dead(writers));
    return worst;
}

Status Housekeeping::take_over(std::uint64_t journal) {
    const auto known = leaving_.find(journal);
    if (known != leaving_.end()) {
        return ++known->second.looks < kRemovedAfterLooks
                   ? absl::OkStatus()
                   : remove_taken_over(store_.bucket(), known->second.taken);
    }
    LOGI_ASSIGN_OR_RETURN(TakenOver taken, take_over_journal(store_, journal, options_.name));
    taken_over_.add();
    damaged_.add(static_cast<double>(taken.damaged));
    leaving_[journal].taken = std::move(taken);
    return absl::OkStatus();
}

void Housekeeping::round() {
    if (const Status status = store_.discover_tenants(); !status.ok()) {
        base::log_warn("tenants could not be looked for",
                       {{"error", std::string(message_of(status))}});
    }
    auto swept = [this, strand = strand_, alive = alive_]() mutable {
        strand.post([this, alive] {
            if (alive->load()) {
                sweep();
                after(options_.interval, &Housekeeping::round);
            }
        });
    };
    if (options_.compact) {
        options_.compact(std::move(swept));
    } else {
        swept();
    }
}

void Housekeeping::sweep() {
    const auto registered = journal::registered_journals(store_.bucket());
    if (!registered.ok()) {
        base::log_warn("which journals there are is not known: nothing is swept",
                       {{"error", std::string(message_of(registered.status()))}});
        return;
    }
    for (const auto& tenant : store_.tenants()) {
        if (const auto removed = sweeper_.sweep(store_, *tenant, *registered); removed.ok()) {
            swept_.add(static_cast<double>(*removed));
        } else {
            base::log_warn(
                "segments that nobody needs could not be removed",
                {{"tenant", tenant->name()}, {"error", std::string(message_of(removed.status()))}});
        }
    }
}

}  // namespace logi::cluster
