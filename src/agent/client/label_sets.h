// The labels of entries that come with labels of their own, which entries that stages hold refer
// to.
#pragma once

#include "absl/container/node_hash_map.h"
#include "agent/client/feed.h"
#include "model/labels.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace logi::agent {

// On one strand.
class LabelSets {
  public:
    explicit LabelSets(const Feed& feed) : feed_(feed) {}
    // For the feed's next line; stays as long as the feed may hold it.
    const Labels& keep(std::vector<LabelPair> pairs) {
        if (sets_.size() >= kSetsMax && !feed_.holds()) {
            sets_.clear();
        }
        Labels labels = Labels::from_pairs(std::move(pairs));
        std::string text = labels.to_string();
        return sets_.try_emplace(std::move(text), std::move(labels)).first->second;
    }

  private:
    static constexpr std::size_t kSetsMax = 10'000;
    const Feed& feed_;
    absl::node_hash_map<std::string, Labels> sets_;  // by their text
};

}  // namespace logi::agent
