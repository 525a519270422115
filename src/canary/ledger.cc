#include "canary/ledger.h"

namespace logi::canary {

bool Ledger::is_known(Timestamp time) const {
    return numbers_.contains(time) || received_.contains(time) || missing_.contains(time);
}

Timestamp Ledger::write(Timestamp time, Timestamp now) {
    while (is_known(time)) {
        time = time + Duration{1};
    }
    numbers_[time] = next_;
    waiting_[next_++] = {time, now};
    return time;
}

Received Ledger::receive(Timestamp time, Timestamp now) {
    const auto number = numbers_.find(time);
    if (number == numbers_.end()) {
        return {received_.contains(time) ? Receipt::kDuplicate : Receipt::kUnexpected, {}};
    }
    const auto line = waiting_.find(number->second);
    const Received received{line == waiting_.begin() ? Receipt::kNext : Receipt::kOutOfOrder,
                            now - line->second.written};
    waiting_.erase(line);
    numbers_.erase(number);
    if (received_.size() >= kReceivedMax) {
        received_.erase(received_.begin());
    }
    received_[time] = now;
    return received;
}

std::size_t Ledger::give_up(Duration wait, Timestamp now) {
    std::size_t count = 0;
    while (!waiting_.empty() && now - waiting_.begin()->second.written >= wait) {
        const Line line = waiting_.begin()->second;
        missing_[line.time] = line;
        numbers_.erase(line.time);
        waiting_.erase(waiting_.begin());
        ++count;
    }
    std::erase_if(received_, [&](const auto& entry) { return now - entry.second >= wait; });
    return count;
}

std::vector<Line> Ledger::lose(Duration max_wait, Timestamp now) {
    std::vector<Line> lost;
    for (auto it = missing_.begin(); it != missing_.end();) {
        if (now - it->second.written >= max_wait) {
            lost.push_back(it->second);
            it = missing_.erase(it);
        } else {
            ++it;
        }
    }
    return lost;
}

}  // namespace logi::canary
