#include "cluster_world.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ingest/segment_cache.h"
#include "journal/registry.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace logi::simulation {
namespace {

constexpr Timestamp kStart{1'700'000'000'000'000'000};
const std::vector<std::string> kTenants = {"one", "two"};
constexpr int kDepthMax = 3;
constexpr Duration kGrace = Duration::minutes(1);
// Longer than any run.
constexpr Duration kKept = Duration::hours(24 * 60);
constexpr Duration kLateMax = Duration::seconds(30);  // less than the grace

// Every line of a source; an error if it cannot be read.
Status read_lines(const segment::Source& source, std::vector<std::string>& lines) {
    LOGI_ASSIGN_OR_RETURN(const auto all, source.select_all());
    std::set<std::uint32_t> blocks;
    for (const auto& extent : all.extents()) {
        blocks.insert(extent.block);
    }
    for (const std::uint32_t b : blocks) {
        LOGI_ASSIGN_OR_RETURN(const auto block, all.open_block(b));
        for (std::uint32_t row = 0; row < block->stats().rows; ++row) {
            LOGI_ASSIGN_OR_RETURN(const auto line, block->line(row));
            lines.emplace_back(line);
        }
    }
    return absl::OkStatus();
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
    calls += other.calls;
    faults += other.faults;
    deaths += other.deaths;
    long_waits += other.long_waits;
    pushed += other.pushed;
    acknowledged += other.acknowledged;
    queries += other.queries;
    complete += other.complete;
    rows += other.rows;
    taken_over += other.taken_over;
    seals_met += other.seals_met;
    compactions += other.compactions;
    swept += other.swept;
    deletes += other.deletes;
    deletes_ended += other.deletes_ended;
    lines_deleted += other.lines_deleted;
    pushed_again += other.pushed_again;
    clock_changes += other.clock_changes;
    dropped += other.dropped;
    return *this;
}

Counts Counts::per(std::uint64_t runs) const {
    return {calls / runs,
            faults / runs,
            deaths / runs,
            long_waits / runs,
            pushed / runs,
            acknowledged / runs,
            queries / runs,
            complete / runs,
            rows / runs,
            taken_over / runs,
            seals_met / runs,
            compactions / runs,
            swept / runs,
            deletes / runs,
            deletes_ended / runs,
            lines_deleted / runs,
            pushed_again / runs,
            clock_changes / runs,
            dropped / runs};
}

std::string Counts::text() const {
    return absl::StrCat("calls ",
                        calls,
                        " faults ",
                        faults,
                        " deaths ",
                        deaths,
                        " long_waits ",
                        long_waits,
                        " pushed ",
                        pushed,
                        " acknowledged ",
                        acknowledged,
                        " queries ",
                        queries,
                        " complete ",
                        complete,
                        " rows ",
                        rows,
                        " taken_over ",
                        taken_over,
                        " seals_met ",
                        seals_met,
                        " compactions ",
                        compactions,
                        " swept ",
                        swept,
                        " deletes ",
                        deletes,
                        " deletes_ended ",
                        deletes_ended,
                        " lines_deleted ",
                        lines_deleted,
                        " pushed_again ",
                        pushed_again,
                        " clock_changes ",
                        clock_changes,
                        " dropped ",
                        dropped);
}

// Of a machine whose clock may be wrong.
class SkewedClock final : public io::Clock {
  public:
    SkewedClock(const io::Clock& right, Duration wrong_by) : right_(right), wrong_by_(wrong_by) {}
    [[nodiscard]] Timestamp now() const override { return right_.now() + wrong_by_; }
    void set(Duration wrong_by) { wrong_by_ = wrong_by; }
    [[nodiscard]] Duration wrong_by() const { return wrong_by_; }

  private:
    const io::Clock& right_;
    Duration wrong_by_;
};

class World::Process {
  public:
    Process(World& world, Role r, std::uint64_t number, Duration clock_wrong_by)
        : role(r),
          name(absl::StrCat("p", number)),
          clock(world.clock_, clock_wrong_by),
          executor(world.options_.seed * 1000 + number, world.clock_),
          random(world.options_.seed * 1000 + number + 500) {
        ingest::StoreOptions options;
        options.limits.ingestion_rate_mb = 1e6;
        options.limits.ingestion_burst_size_mb = 1e6;
        options.flush_age_max = Duration::seconds(90);
        options.retention_enabled = true;
        options.limits.retention_period = kKept;
        options.shared.emplace();
        options.shared->writer = role == Role::kWriter ? name : "";
        options.shared->journal_bytes_max = 1500;
        options.shared->catalog.behind_max = 6;
        options.shared->catalog.snapshots_kept = 3;
        options.open_bucket = [&]() -> StatusOr<std::unique_ptr<bucket::Bucket>> {
            auto way = std::make_unique<bucket::FaultyBucket>(
                world.network_,
                world.healed_ ? bucket::BucketFaults() : world.options_.faults,
                [this, &world] { world.let_others_work(*this); });
            way->set_filter([this, &world](const std::string& what, const std::string& key) {
                world.may_wait_long(*this, what, key);
                return absl::OkStatus();
            });
            bucket = way.get();
            return way;
        };
        auto opened =
            ingest::Store::open({executor, clock, random, world.files_, metrics}, options);
        store = *std::move(opened);
        deletes = std::make_unique<compact::Deletes>(*store, clock, random, Duration{});
        if (role == Role::kWriter) {
            announcement = std::make_unique<cluster::Announcement>(
                executor,
                *bucket,
                cluster::Announced{absl::StrCat(cluster::kWritersFolder, "/", name), ""});
            announcement->start();
        }
        if (role == Role::kCompactor) {
            // As a server does, which else does not start.
            if (store->discover_tenants().ok()) {
                start_housekeeping(world, number);
            } else {
                bucket->cut();
            }
        }
    }

    ~Process() {
        executor.drop_all();
        housekeeping.reset();
        compactor.reset();
        deletes.reset();
        announcement.reset();
        executor.drop_all();
        store.reset();
    }

    void start_housekeeping(const World& world, std::uint64_t number) {
        compact::CompactorOptions compaction;
        compaction.interval = {};
        compaction.plan.small_segments_max = 2;
        compactor = std::make_unique<compact::Compactor>(
            compact::Compactor::Deps{*store, *deletes, executor, clock, metrics}, compaction);
        compactor->start();  // which watches the clock
        cluster::HousekeepingOptions options;
        options.name = name;
        options.interval = Duration::seconds(20);
        options.grace = kGrace;
        // Who sweeps need not merge, and so need not be faster than who stands still in a merge.
        if (world.options_.seed % 2 == 0 || number % 2 == 0) {
            options.compact = [this](io::Task done) {
                compactor->run(std::move(done));
            };
        }
        housekeeping = std::make_unique<cluster::Housekeeping>(*store, executor, metrics, options);
        housekeeping->start();
    }

    [[nodiscard]] bool dead() const { return bucket->is_cut(); }

    const Role role;
    const std::string name;
    SkewedClock clock;
    io::SimExecutor executor;
    io::SeededRandom random;
    base::Registry metrics;
    bucket::FaultyBucket* bucket = nullptr;  // the store's
    std::unique_ptr<ingest::Store> store;
    std::unique_ptr<cluster::Announcement> announcement;
    std::unique_ptr<compact::Deletes> deletes;
    std::unique_ptr<compact::Compactor> compactor;
    std::unique_ptr<cluster::Housekeeping> housekeeping;
    bool busy = false;       // one of its tasks runs
    Timestamp paused_until;  // it does nothing
};

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
        start(Role::kCompactor);
    }
}

World::~World() = default;

void World::start(Role role, Duration clock_wrong_by) {
    processes_.push_back(std::make_unique<Process>(*this, role, ++next_process_, clock_wrong_by));
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
            clock_.advance(Duration::millis(static_cast<std::int64_t>(choice_.below(2500))));
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
            processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
            start(role, wrong_by);
            --i;
        }
    }
}

void World::push() {
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    Tenant& tenant = tenants_[name];
    if (choice_.below(8) == 0) {
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
    known = Line{Line::State::kSent, false, std::nullopt, known.app, known.time};
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

// Somebody asks any process to delete what one app has logged so far, or some of it.
void World::remove() {
    Process* process =
        pick(std::array{Role::kWriter, Role::kReader, Role::kCompactor}[choice_.below(3)]);
    if (process == nullptr) {
        return;
    }
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    auto& lines = tenants_[name].lines;
    const std::string app = absl::StrCat("a", choice_.below(3));
    const std::string needle = choice_.below(2) == 0 ? "" : " line 1";
    const auto is_meant = [&](const std::string& line, const Line& known) {
        return known.app == app && absl::StrContains(line, needle);
    };
    std::set<std::string> before;
    for (const auto& [line, known] : lines) {
        if (known.acknowledged && is_meant(line, known)) {
            before.insert(line);
        }
    }
    process->busy = true;
    bool made = false;
    process->deletes->add(name,
                          absl::StrCat("{app=\"", app, "\"} |= `", needle, "`"),
                          Timestamp::min(),
                          Timestamp::max(),
                          [&](const StatusOr<std::string>& id) { made = id.ok(); });
    process->busy = false;
    made = made && !process->dead();
    counts_.deletes += made ? 1U : 0U;
    for (auto& [line, known] : lines) {
        if (!is_meant(line, known) || known.state == Line::State::kDeleted) {
            continue;
        }
        known.there = std::nullopt;
        if (!made) {
            known.state = Line::State::kDoubtful;
        } else if (before.contains(line)) {
            known.state = Line::State::kDeleted;
            ++counts_.lines_deleted;
        } else if (known.state != Line::State::kDoubtful) {
            known.state = Line::State::kUnsure;
        }
    }
}

// The clock of a machine that compacts is set to another time.
void World::set_clock() {
    if (Process* process = pick(Role::kCompactor)) {
        process->clock.set(
            Duration::hours(24 * 100 * (static_cast<std::int64_t>(choice_.below(3)) - 1)));
        ++counts_.clock_changes;
    }
}

void World::query() {
    if (Process* process = pick(choice_.below(4) == 0 ? Role::kWriter : Role::kReader)) {
        query(*process, false);
    }
}

void World::query(Process& process, bool must_be_complete) {
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    const Expected expected = expected_of(tenants_[name]);
    process.busy = true;
    querying_ = true;  // for less than the grace
    const ingest::Pinned pinned =
        process.store->pin(name, {Timestamp::min(), Timestamp::max()}, {});
    std::vector<std::string> found;
    bool complete = pinned.missing.empty();
    for (const auto& source : pinned.sources) {
        if (const Status status = read_lines(*source, found); !status.ok()) {
            complete = false;
            if (status.code() == absl::StatusCode::kNotFound) {
                wrong(absl::StrCat("what a query reads is gone: ", status.ToString()));
            }
        }
    }
    process.busy = false;
    querying_ = false;
    for (const auto& missing : pinned.missing) {
        // What is not the network's fault.
        const bool gone = absl::StrContains(missing, ".segment") &&
                          !absl::StrContains(missing, "the network has lost it");
        if (gone || must_be_complete) {
            wrong(absl::StrCat("an answer lacks something: ", missing));
        }
    }
    ++counts_.queries;
    counts_.complete += complete ? 1U : 0U;
    counts_.rows += complete ? found.size() : 0U;
    check(name, found, expected, complete);
}

World::Expected World::expected_of(const Tenant& tenant) const {
    Expected expected;
    for (const auto& [line, known] : tenant.lines) {
        if (known.state == Line::State::kAcknowledged) {
            expected.lines.insert(line);
        } else if (known.state == Line::State::kUnsure && known.acknowledged) {
            expected.unsure.insert(line);
        }
    }
    return expected;
}

void World::check_found(Tenant& tenant, const std::string& line) {
    const auto it = tenant.lines.find(line);
    if (it == tenant.lines.end()) {
        wrong(absl::StrCat("nobody has sent this: ", line));
        return;
    }
    Line& known = it->second;
    if (known.state == Line::State::kDeleted) {
        wrong(absl::StrCat("deleted and found: ", line));
    }
    if (known.state == Line::State::kUnsure) {
        if (known.there == false) {
            wrong(absl::StrCat("was not there and came back: ", line));
        }
        known.there = true;
    }
}

void World::check(const std::string& tenant,
                  const std::vector<std::string>& found,
                  const Expected& expected,
                  bool complete) {
    watched_ = tenant;
    Tenant& of = tenants_[tenant];
    std::set<std::string> once;
    for (const auto& line : found) {
        if (!once.insert(line).second) {
            wrong(absl::StrCat("found twice: ", line));
        }
        check_found(of, line);
    }
    if (!complete) {
        return;
    }
    for (const auto& line : expected.lines) {
        if (!once.contains(line)) {
            wrong(absl::StrCat("acknowledged and not found: ", line));
        }
    }
    for (const auto& line : expected.unsure) {
        Line& known = of.lines[line];
        if (!once.contains(line) && known.there == true) {
            wrong(absl::StrCat("was there and is gone: ", line));
        }
        known.there = once.contains(line);
    }
}

void World::wrong(const std::string& what) {
    if (fault_.empty()) {
        fault_ = what;
        if (std::getenv("LOGI_TRACE") != nullptr) {
            print_bucket(what.substr(what.rfind(" line ") + 1));
        }
    }
}

// What there is of a line: for who looks for a mistake.
void World::print_bucket(const std::string& line) {
    const auto journals = memory_.list(journal::kJournalsFolder);
    for (const auto& info : *journals) {
        const auto object = journal::decode_object(*memory_.get(info.key));
        std::string tenants;
        for (const auto& [tenant, records] : object->tenants) {
            absl::StrAppend(&tenants, " ", tenant);
            for (const auto& record : records.records) {
                if (absl::StrContains(std::string(record.payload), line)) {
                    absl::StrAppend(&tenants, " HAS IT at ", record.index);
                }
            }
        }
        std::fprintf(
            stderr, "%s %s%s\n", info.key.c_str(), object->seal ? "seal" : "", tenants.c_str());
    }
    const auto registered = memory_.list(journal::kRegistryFolder);
    for (const auto& info : *registered) {
        std::fprintf(stderr, "%s %s\n", info.key.c_str(), memory_.get(info.key)->c_str());
    }
    const std::string name = line.empty() ? kTenants[0] : watched_;
    auto catalog = catalog::Catalog::open_shared(memory_, clock_, choice_, name, {});
    for (const auto& segment : (*catalog)->snapshot()->segments) {
        const auto source = ingest::open_segment(memory_, segment, nullptr);
        std::vector<std::string> lines;
        read_lines(**source, lines).IgnoreError();
        for (const auto& one : lines) {
            if (absl::StrContains(one, line)) {
                std::fprintf(stderr, "%s HAS IT\n", segment.key.c_str());
            }
        }
    }
    std::fprintf(stderr, "%s snapshot %lu\n", name.c_str(), (*catalog)->snapshot()->number);
    for (const auto& [journal, position] : (*catalog)->snapshot()->positions) {
        std::fprintf(stderr,
                     "  journal %lu object %lu record %lu\n",
                     journal,
                     journal::object_of(position),
                     position % (journal::kRecordsPerObjectMax + 1));
    }
    for (const auto& process : processes_) {
        std::fprintf(
            stderr, "%s role %d\n", process->name.c_str(), static_cast<int>(process->role));
    }
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
    } else if (dice < 25 && options_.deletes && choice_.below(3) == 0) {
        remove();
    } else if (dice < 26 && choice_.below(20) == 0) {
        set_clock();
    } else if (Process* process = pick_idle(); process == nullptr || !run_some(*process)) {
        clock_.advance(Duration::millis(static_cast<std::int64_t>(choice_.below(2500))));
    }
    bury_dead();
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
    }
    check_at_rest();
}

void World::check_at_rest() {
    for (int i = 0; i < 4; ++i) {
        if (Process* reader = pick(Role::kReader)) {
            query(*reader, true);
        }
    }
    start(Role::kReader);
    for (int i = 0; i < 4; ++i) {
        query(*processes_.back(), true);
    }
    // Only those who live have journals, and everything that a snapshot names is there.
    const auto journals = journal::registered_journals(memory_);
    for (const std::uint64_t journal : *journals) {
        const auto writer = journal::writer_of(memory_, journal);
        const bool lives =
            std::any_of(processes_.begin(), processes_.end(), [&](const auto& process) {
                return process->name == *writer;
            });
        if (!lives) {
            wrong(absl::StrCat("the journal of a dead writer is left: ", journal));
        }
    }
    for (const auto& name : kTenants) {
        check_catalog(name);
    }
}

// Everything that a snapshot names is there, and nothing that was deleted.
void World::check_catalog(const std::string& tenant) {
    const auto catalog = catalog::Catalog::open_shared(memory_, clock_, choice_, tenant, {});
    if (!catalog.ok()) {
        wrong(catalog.status().ToString());
        return;
    }
    const auto snapshot = (*catalog)->snapshot();
    const auto open = journal::registered_journals(memory_);
    for (const auto& request : snapshot->deletes) {
        // A journal of a living writer is waited for until the tenant writes to it again, or it
        // ends.
        const bool waits =
            std::any_of(request.arrived.begin(), request.arrived.end(), [&](const auto& item) {
                return item.second > snapshot->position(item.first) &&
                       std::binary_search(open->begin(), open->end(), item.first);
            });
        if (request.pending() && !waits) {
            wrong(absl::StrCat("a request to delete does not end: ", request.query));
        }
    }
    for (const auto& segment : snapshot->segments) {
        if (!memory_.size(segment.key).ok()) {
            wrong(absl::StrCat("a segment that lives is gone: ", segment.key));
            continue;
        }
        const auto source = ingest::open_segment(memory_, segment, nullptr);
        std::vector<std::string> lines;
        read_lines(**source, lines).IgnoreError();
        for (const auto& line : lines) {
            if (tenants_[tenant].lines[line].state == Line::State::kDeleted) {
                wrong(absl::StrCat("deleted and still stored: ", line));
            }
        }
    }
    const auto journals = journal::registered_journals(memory_);
    for (const auto& [journal, position] : snapshot->positions) {
        if (!std::binary_search(journals->begin(), journals->end(), journal)) {
            wrong(absl::StrCat("a journal that is gone is remembered: ", journal));
        }
    }
    counts_.dropped += snapshot->dropped_on > 0 ? 1U : 0U;
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
