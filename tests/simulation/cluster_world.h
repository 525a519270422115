// A cluster in one thread: writers, readers, compactors and clients over a bucket in memory, behind
// a network that fails. A seed decides the order of everything; time stands still until somebody
// waits for it. While one process waits for the bucket others work, and any may die then.
#pragma once

#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "cluster/announcement.h"
#include "cluster/housekeeping.h"
#include "compact/compactor.h"
#include "ingest/store.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace logi::simulation {

// Every line of a source; an error if it cannot be read.
Status read_lines(const segment::Source& source, std::vector<std::string>& lines);

struct WorldOptions {
    std::uint64_t seed = 1;
    int writers = 3;
    int readers = 2;
    int compactors = 2;
    // In a thousand.
    bucket::BucketFaults faults{8, 12, 8, 8, 12};
    std::uint64_t deaths_per_100k_calls = 30;
    std::uint64_t lost_calls = 100;  // between processes
    // Readers are followed. Nothing is deleted then: what is pushed again comes twice, and should.
    bool follow = false;
    // Time passes by up to so much at once.
    Duration advance_max = Duration::millis(2500);
};

// What has happened, so that empty runs show.
struct Counts {
    std::uint64_t calls = 0;  // of the bucket
    std::uint64_t faults = 0;
    std::uint64_t deaths = 0;
    std::uint64_t long_waits = 0;
    std::uint64_t pushed = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t queries = 0;
    std::uint64_t complete = 0;  // of the queries
    std::uint64_t rows = 0;      // of complete answers
    std::uint64_t taken_over = 0;
    std::uint64_t seals_met = 0;
    std::uint64_t compactions = 0;
    std::uint64_t swept = 0;
    std::uint64_t deletes = 0;        // requests that were answered with an id
    std::uint64_t deletes_ended = 0;  // by processes that live
    std::uint64_t cancelled = 0;      // requests, before anything of theirs was removed
    std::uint64_t lines_deleted = 0;  // that had been acknowledged before
    std::uint64_t pushed_again = 0;   // of these
    std::uint64_t clock_changes = 0;  // of compactors
    std::uint64_t dropped = 0;        // catalogs that have dropped positions
    std::uint64_t heads_told = 0;     // journals that writers have told of
    std::uint64_t followed = 0;       // lines that came to who follows
    std::uint64_t tails_ended = 0;    // as something may have been missed

    Counts& operator+=(const Counts& other);
    [[nodiscard]] Counts per(std::uint64_t runs) const;
    [[nodiscard]] std::string text() const;
};

class World {
  public:
    explicit World(const WorldOptions& options);
    ~World();

    // Something happens.
    void step();
    // The network heals, writers die and others take over: everything is in segments afterwards,
    // and everything acknowledged is found.
    void settle();
    // What is wrong; empty: nothing so far.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] Counts counts() const;

  private:
    class Process;
    // What is known of a line that was sent.
    struct Line {
        enum class State {
            kSent,
            kAcknowledged,
            kDeleted,   // acknowledged before the request to delete it was made
            kUnsure,    // sent before such a request was answered: there or not, but always so
            kDoubtful,  // such a request failed: it may be carried out at any time
        };
        State state = State::kSent;
        bool acknowledged = false;
        std::optional<bool> there;         // of one that is unsure, as it was found to be
        int pushes = 0;                    // before
        std::set<std::string> deleted_by;  // requests that cover it for sure
        bool doubted = false;              // others may cover it
        std::string app;
        Timestamp time;
    };
    struct Tenant {
        std::map<std::string, Line> lines;
    };
    // What a query has to find, as of its beginning.
    struct Expected {
        std::set<std::string> lines;
        std::set<std::string> unsure;  // and acknowledged
    };
    enum class Role { kWriter, kReader, kCompactor };

    void start(Role role, Duration clock_wrong_by = {}, bool merges = true);
    Process* pick(Role role);
    Process* pick_any();
    Process* pick_idle();
    // False if it has nothing to do now.
    bool run_some(Process& process);
    // While `waiting` waits for the bucket.
    void let_others_work(Process& waiting);
    std::vector<ingest::HeadAnswer> ask_writers(Process& asker,
                                                const ingest::HeadQuestion& question);
    void may_wait_long(const Process& process, const std::string& what, const std::string& key);
    void wait_long();
    void others_commit();
    void bury_dead();
    void push();
    void push_again(const std::string& tenant, const std::string& line);
    void send(const std::string& tenant, const std::vector<std::string>& lines);
    void remove();
    void cancel();
    void set_clock();
    void let_time_pass();
    void follow();
    void read_tails();
    void check_tails();
    void query();
    void query(Process& process, const std::string& tenant, bool must_be_complete);
    void check(const std::string& tenant,
               const std::vector<std::string>& found,
               const Expected& expected,
               bool complete);
    [[nodiscard]] Expected expected_of(const Tenant& tenant) const;
    void check_found(Tenant& tenant, const std::string& line);
    void check_at_rest();
    void check_catalog(const std::string& tenant);
    void wrong(const std::string& what);
    void print_bucket(const std::string& line);

    const WorldOptions options_;
    io::SimClock clock_;
    bucket::MemoryBucket memory_;
    bucket::FaultyNetwork network_;
    io::SimFileSystem files_;
    io::SeededRandom choice_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::map<std::string, Tenant> tenants_;
    std::vector<std::pair<std::string, std::string>> requests_;  // to delete: tenant and id
    std::uint64_t next_process_ = 0;
    std::uint64_t next_line_ = 0;
    int depth_ = 0;  // of processes that wait for the bucket
    bool healed_ = false;
    bool querying_ = false;
    bool cancelling_ = false;
    bool waiting_long_ = false;
    bool has_waited_long_ = false;  // in this step
    Counts counts_;
    std::string fault_;
    std::string watched_;
};

}  // namespace logi::simulation
