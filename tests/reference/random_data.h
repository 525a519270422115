// Entries for random queries: few streams, few names and values, so that they meet often.
#pragma once

#include "dice.h"
#include "reference.h"

namespace logi::reference {

// All times are within two and a half minutes of this.
inline constexpr Timestamp kDataTime{1'700'000'000 * kNanosPerSecond};

struct RandomData {
    std::vector<Entry> entries;  // in the order of arrival
    bool distinct_times = false;  // no two entries of the same time that differ
};

RandomData random_data(Dice& dice);

}  // namespace logi::reference
