// Entries on their way out of a corpus: put into the order of time, which within a stream ascends
// strictly.
#pragma once

#include "corpus.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace logi::bench {

class Streams {
  public:
    std::uint32_t add(Sink& sink, std::string_view labels, std::uint32_t node) {
        const auto number = static_cast<std::uint32_t>(last_ns_.size());
        last_ns_.push_back(0);
        sink.stream(number, labels, node);
        return number;
    }

    void entry(std::uint32_t stream, std::int64_t ns, std::string_view line) {
        Waiting w{ns, order_++, stream, {}};
        if (!free_.empty()) {
            w.line = std::move(free_.back());
            free_.pop_back();
        }
        w.line.assign(line);
        waiting_.push_back(std::move(w));
        std::push_heap(waiting_.begin(), waiting_.end(), later);
    }

    // Hands out what is not after `until_ns`.
    void drain(Sink& sink, std::int64_t until_ns) {
        while (!waiting_.empty() && waiting_.front().ns <= until_ns) {
            std::pop_heap(waiting_.begin(), waiting_.end(), later);
            Waiting& w = waiting_.back();
            std::int64_t& last = last_ns_[w.stream];
            last = std::max(w.ns, last + 1);
            sink.entry(w.stream, last, w.line);
            free_.push_back(std::move(w.line));
            waiting_.pop_back();
        }
    }

  private:
    struct Waiting {
        std::int64_t ns;
        std::uint64_t order;
        std::uint32_t stream;
        std::string line;
    };
    static bool later(const Waiting& a, const Waiting& b) {
        return a.ns != b.ns ? a.ns > b.ns : a.order > b.order;
    }

    std::vector<std::int64_t> last_ns_;
    std::vector<Waiting> waiting_;  // a heap
    std::vector<std::string> free_;
    std::uint64_t order_ = 0;
};

}  // namespace logi::bench
