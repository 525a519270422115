// The canary's books: which lines were written, which have come back, which are missing. A line is
// known by its timestamp, which no other line that is still waited for has.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace logi::canary {

enum class Receipt : std::uint8_t {
    kNext,        // the line that was to come
    kOutOfOrder,  // lines that were written before it have not come yet
    kDuplicate,   // it has come before
    kUnexpected,  // never written, or given up already
};

struct Received {
    Receipt receipt = Receipt::kUnexpected;
    Duration latency;  // of the first two, since it was written
};

struct Line {
    Timestamp time;
    Timestamp written;
};

// One thread at a time. Time is passed in, and never goes back.
class Ledger {
  public:
    // Of lines that have come, so many are known when they come again, for the time of a wait.
    static constexpr std::size_t kReceivedMax = 1U << 20U;

    // Before the line is sent. Returns its timestamp: `time`, or the next that is free.
    Timestamp write(Timestamp time, Timestamp now);
    // A line came on the live tail.
    Received receive(Timestamp time, Timestamp now);
    // Lines that the live tail has not brought within `wait` become missing. Returns how many.
    std::size_t give_up(Duration wait, Timestamp now);

    [[nodiscard]] const std::map<Timestamp, Line>& missing() const { return missing_; }
    // A missing line was found by a query.
    void find(Timestamp time) { missing_.erase(time); }
    // Lines missing for longer than `max_wait` since they were written: they are not looked for
    // any more.
    std::vector<Line> lose(Duration max_wait, Timestamp now);

    // How many are waited for.
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    [[nodiscard]] bool is_known(Timestamp time) const;

    std::uint64_t next_ = 0;
    std::map<std::uint64_t, Line> waiting_;       // in the order of writing
    std::map<Timestamp, std::uint64_t> numbers_;  // of waiting_
    std::map<Timestamp, Timestamp> received_;     // when each line came
    std::map<Timestamp, Line> missing_;
};

}  // namespace logi::canary
