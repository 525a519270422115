#include "cluster_world.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "process.h"

#include <algorithm>

namespace logi::simulation {
namespace {

constexpr Timestamp kStart{1'700'000'000'000'000'000};
constexpr int kDepthMax = 3;
constexpr Duration kLateMax = Duration::seconds(30);  // less than the grace

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      clock_(kStart),
      network_(memory_, options.seed),
      files_(options.seed),
      choice_(options.seed + 77) {
    network_.limit_lateness(clock_, kLateMax);
    for (int i = 0; i < options.writers; ++i) {
        start(Role::kWriter);
    }
    for (int i = 0; i < options.readers; ++i) {
        start(Role::kReader);
    }
    for (int i = 0; i < options.compactors; ++i) {
        // Who sweeps need not merge, and so need not be faster than who stands still in a merge.
        start(Role::kCompactor, {}, options.seed % 2 == 0 || i == 0);
    }
}

World::~World() = default;

void World::start(Role role, Duration clock_wrong_by, bool merges) {
    processes_.push_back(
        std::make_unique<Process>(*this, role, ++next_process_, clock_wrong_by, merges));
}

World::Process* World::pick(Role role) {
    std::vector<Process*> some;
    for (const auto& process : processes_) {
        if (process->role == role && !process->busy && !process->dead()) {
            some.push_back(process.get());
        }
    }
    return some.empty() ? nullptr : some[choice_.below(some.size())];
}

World::Process* World::pick_idle() {
    std::vector<Process*> some;
    for (const auto& process : processes_) {
        if (!process->busy && !process->dead() && process->paused_until <= clock_.now()) {
            some.push_back(process.get());
        }
    }
    return some.empty() ? nullptr : some[choice_.below(some.size())];
}

bool World::run_some(Process& process) {
    process.busy = true;
    const bool ran = process.executor.run_ready();
    process.busy = false;
    return ran;
}

void World::let_others_work(Process& waiting) {
    ++counts_.calls;
    if (!healed_ && choice_.below(100'000) < options_.deaths_per_100k_calls) {
        waiting.bucket->cut();
        ++counts_.deaths;
        return;
    }
    if (depth_ >= kDepthMax || choice_.below(5) != 0) {
        return;
    }
    ++depth_;
    for (std::uint64_t i = choice_.below(8); i > 0; --i) {
        if (Process* other = pick_idle(); other != nullptr) {
            run_some(*other);
        }
    }
    if (!healed_ && choice_.below(12) == 0) {
        push();
    }
    --depth_;
}

// Who stands still, is dead or not reached says nothing.
std::vector<ingest::HeadAnswer> World::ask_writers(Process& asker,
                                                   const ingest::HeadQuestion& question) {
    const auto asked = ingest::decode_question(ingest::encode_question(question));
    std::vector<ingest::HeadAnswer> answers;
    for (std::size_t i = 0; i < processes_.size() && !asker.dead(); ++i) {
        const Process& writer = *processes_[i];
        let_others_work(asker);
        if (writer.role != Role::kWriter || writer.dead() || writer.paused_until > clock_.now() ||
            (!healed_ && choice_.below(1000) < options_.lost_calls)) {
            continue;
        }
        const auto bytes = ingest::encode_answer(writer.store->answer_heads(*asked));
        let_others_work(asker);
        answers.push_back(*ingest::decode_answer(bytes));
        counts_.heads_told += answers.back().size();
    }
    return answers;
}

// A process stands still in the middle of something: most of all where it is about to commit.
void World::may_wait_long(const Process& process, const std::string& what, const std::string& key) {
    const bool commit = what == "put_if_absent" && absl::StrContains(key, "/catalog/");
    if (waiting_long_ || depth_ >= kDepthMax || healed_ || querying_ || !process.busy ||
        choice_.below(commit ? 25 : 2000) != 0) {
        return;
    }
    waiting_long_ = true;
    ++depth_;
    ++counts_.long_waits;
    has_waited_long_ = true;
    if (commit && choice_.below(2) == 0) {
        others_commit();
    } else {
        wait_long();
    }
    --depth_;
    waiting_long_ = false;
}

// Longer than anything else takes.
void World::wait_long() {
    const bool quiet = choice_.below(2) == 0;  // so that what it prepared stays good
    const Timestamp end = clock_.now() + Duration::seconds(200);
    for (int i = 0; i < 1000 && clock_.now() < end; ++i) {
        if (!quiet && choice_.below(6) == 0) {
            push();
        }
        if (Process* other = pick_idle(); other == nullptr || !run_some(*other)) {
            let_time_pass();
        }
    }
}

// So often, and in so little time, that the number which it is about to use is gone again before it
// is taken for dead.
void World::others_commit() {
    const Timestamp end = clock_.now() + Duration::seconds(30);
    for (int i = 0; i < 400 && clock_.now() < end; ++i) {
        if (choice_.below(8) == 0) {
            push();
        }
        if (Process* writer = choice_.below(8) == 0 ? pick(Role::kWriter) : nullptr) {
            writer->busy = true;
            writer->store->flush([](const Status&) {});
            writer->busy = false;
        }
        if (Process* other = pick_idle(); other == nullptr || !run_some(*other)) {
            clock_.advance(Duration::millis(static_cast<std::int64_t>(choice_.below(500))));
        }
    }
}

void World::bury_dead() {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        if (processes_[i]->dead() && !processes_[i]->busy) {
            const Role role = processes_[i]->role;
            if (role == Role::kWriter) {
                counts_.seals_met += static_cast<std::uint64_t>(
                    processes_[i]->metrics.counter("logi_journal_seals_met_total", "").value());
            }
            // On the same machine, or on another.
            const Duration wrong_by =
                choice_.below(2) == 0 ? processes_[i]->clock.wrong_by() : Duration{};
            const bool merges = processes_[i]->merges;
            processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
            start(role, wrong_by, merges);
            --i;
        }
    }
}

void World::push() {
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    Tenant& tenant = tenants_[name];
    if (!cancelling_ && choice_.below(8) == 0) {
        for (const auto& [line, known] : tenant.lines) {
            if (known.state == Line::State::kDeleted && choice_.below(4) == 0) {
                push_again(name, line);
                return;
            }
        }
    }
    const std::string app = absl::StrCat("a", choice_.below(3));
    std::vector<std::string> lines;
    for (std::uint64_t i = 0; i <= choice_.below(3); ++i) {
        lines.push_back(
            absl::StrCat(name, " line ", next_line_++, " ", std::string(choice_.below(120), 'x')));
        Line& line = tenant.lines[lines.back()];
        line.app = app;
        line.time = clock_.now();
    }
    send(name, lines);
}

// What was deleted comes once more, as an entry like any other.
void World::push_again(const std::string& tenant, const std::string& line) {
    Line& known = tenants_[tenant].lines[line];
    // Once its requests are cancelled both would be there.
    std::erase_if(requests_, [&](const auto& request) {
        return request.first == tenant && known.deleted_by.contains(request.second);
    });
    Line again;
    again.app = known.app;
    again.time = known.time;
    again.pushes = known.pushes + 1;
    known = again;
    ++counts_.pushed_again;
    send(tenant, {line});
}

// Lines of one stream.
void World::send(const std::string& tenant, const std::vector<std::string>& lines) {
    Process* writer = pick(Role::kWriter);
    if (writer == nullptr) {
        return;
    }
    auto& known = tenants_[tenant].lines;
    wire::PushRequest request;
    wire::PushStream stream;
    stream.labels = std::vector<LabelPair>{{"app", known[lines.front()].app}};
    for (const std::string& line : lines) {
        request.buffers.push_back(std::make_unique<std::string>(line));
        stream.entries.push_back({known[line].time, *request.buffers.back(), {}});
    }
    request.streams.push_back(std::move(stream));
    counts_.pushed += lines.size();
    writer->busy = true;
    writer->store->push(
        tenant, std::move(request), [this, &known, lines, writer](const auto& outcome) {
            // Nobody hears what a dead process says.
            if (outcome.status != 204 || writer->dead()) {
                return;
            }
            for (const std::string& line : lines) {
                Line& of = known[line];
                of.acknowledged = true;
                if (of.state == Line::State::kSent) {
                    of.state = Line::State::kAcknowledged;
                }
            }
            counts_.acknowledged += lines.size();
        });
    writer->busy = false;
}

// The clock of a machine that compacts is set to another time.
void World::set_clock() {
    if (Process* process = pick(Role::kCompactor)) {
        process->clock.set(
            Duration::hours(24 * 100 * (static_cast<std::int64_t>(choice_.below(3)) - 1)));
        ++counts_.clock_changes;
    }
}

void World::let_time_pass() {
    const auto millis = static_cast<std::uint64_t>(options_.advance_max.ns / kNanosPerMilli);
    clock_.advance(Duration::millis(static_cast<std::int64_t>(choice_.below(millis))));
}

void World::step() {
    const std::uint64_t dice = choice_.below(100);
    if (dice < 10) {
        push();
    } else if (dice < 18) {
        query();
    } else if (dice < 22) {
        if (Process* writer = pick(Role::kWriter)) {
            writer->busy = true;
            writer->store->flush([](const Status&) {});
            writer->busy = false;
        }
    } else if (dice < 23 && choice_.below(4) == 0) {
        // Long enough to be taken for dead, or so; some until they are forgotten.
        if (Process* process = pick(Role::kWriter)) {
            const std::uint64_t seconds = choice_.below(choice_.below(3) == 0 ? 400 : 150);
            process->paused_until =
                clock_.now() + Duration::seconds(static_cast<std::int64_t>(seconds));
        }
    } else if (dice < 24 && choice_.below(20) == 0) {
        clock_.advance(Duration::hours(static_cast<std::int64_t>(choice_.below(100))));
    } else if (dice < 25 && !options_.follow && choice_.below(3) == 0) {
        if (choice_.below(5) == 0) {
            cancel();
        } else {
            remove();
        }
    } else if (dice < 26 && choice_.below(20) == 0) {
        set_clock();
    } else if (Process* process = pick_idle(); process == nullptr || !run_some(*process)) {
        let_time_pass();
    }
    bury_dead();
    if (options_.follow) {
        read_tails();
        if (choice_.below(20) == 0) {
            follow();
        }
    }
    // Before a merge mends what has come of it: it drops the second of two entries that are equal.
    if (std::exchange(has_waited_long_, false)) {
        for (const auto& name : kTenants) {
            if (Process* reader = pick(Role::kReader)) {
                query(*reader, name, false);
            }
        }
    }
}

void World::settle() {
    healed_ = true;
    for (const auto& process : processes_) {
        process->bucket->set_faults({});
        process->paused_until = {};
        process->clock.set({});
    }
    // Half of the writers die.
    for (const auto& process : processes_) {
        if (process->role == Role::kWriter && choice_.below(2) == 0) {
            process->bucket->cut();
            ++counts_.deaths;
        }
    }
    bury_dead();
    // Nobody waits for long, however many are at work.
    const Timestamp end = clock_.now() + Duration::minutes(12);
    while (clock_.now() < end && fault_.empty()) {
        for (const auto& process : processes_) {
            process->busy = true;
            process->executor.run_until_idle();
            process->busy = false;
        }
        clock_.advance(Duration::seconds(1));
        read_tails();
    }
    check_tails();
    check_at_rest();
}

Counts World::counts() const {
    Counts counts = counts_;
    counts.faults = network_.faults();
    for (const auto& process : processes_) {
        if (process->role == Role::kWriter) {
            counts.seals_met += static_cast<std::uint64_t>(
                process->metrics.counter("logi_journal_seals_met_total", "").value());
        }
        if (process->role == Role::kCompactor) {
            counts.deletes_ended += process->deletes->ended();
            counts.compactions += static_cast<std::uint64_t>(
                process->metrics.counter("logi_compactions_total", "").value());
            counts.taken_over += static_cast<std::uint64_t>(
                process->metrics.counter("logi_cluster_journals_taken_over_total", "").value());
            counts.swept += static_cast<std::uint64_t>(
                process->metrics.counter("logi_cluster_segments_swept_total", "").value());
        }
    }
    return counts;
}

}  // namespace logi::simulation
