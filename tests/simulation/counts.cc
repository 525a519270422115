#include "absl/strings/str_cat.h"
#include "cluster_world.h"

namespace logi::simulation {

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
    cancelled += other.cancelled;
    lines_deleted += other.lines_deleted;
    pushed_again += other.pushed_again;
    clock_changes += other.clock_changes;
    dropped += other.dropped;
    heads_told += other.heads_told;
    followed += other.followed;
    tails_ended += other.tails_ended;
    return *this;
}

Counts Counts::per(std::uint64_t runs) const {
    return {calls / runs,         faults / runs,       deaths / runs,        long_waits / runs,
            pushed / runs,        acknowledged / runs, queries / runs,       complete / runs,
            rows / runs,          taken_over / runs,   seals_met / runs,     compactions / runs,
            swept / runs,         deletes / runs,      deletes_ended / runs, cancelled / runs,
            lines_deleted / runs, pushed_again / runs, clock_changes / runs, dropped / runs,
            heads_told / runs,    followed / runs,     tails_ended / runs};
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
                        " cancelled ",
                        cancelled,
                        " lines_deleted ",
                        lines_deleted,
                        " pushed_again ",
                        pushed_again,
                        " clock_changes ",
                        clock_changes,
                        " dropped ",
                        dropped,
                        " heads_told ",
                        heads_told,
                        " followed ",
                        followed,
                        " tails_ended ",
                        tails_ended);
}

}  // namespace logi::simulation
