// Entries for random queries: few streams, few names and values, so that they meet often.
#pragma once

#include "dice.h"
#include "reference.h"

namespace logi::reference {

// All times are within two and a half minutes of this.
inline constexpr Timestamp kDataTime{1'700'000'000 * kNanosPerSecond};

struct RandomData {
    std::vector<Entry> entries;   // in the order of arrival
    bool distinct_times = false;  // no two entries of the same time that differ
    std::string parser;           // of most lines
    // For log queries: metadata may hold __error__. The engine does not read metadata that a metric
    // query has no use for, so there it goes unnoticed.
    bool logs = false;
};

RandomData random_data(Dice& dice);

// A value that fields of that name may have.
std::string random_value(Dice& dice, const std::string& name);

// A value that the label or field has in the data, as far as a look at some entries tells; else one
// that it may have.
std::string value_in(Dice& dice, const RandomData& data, const std::string& name);

// A few characters of a line; empty where there are none that a query may hold as they are.
std::string piece_of_line(Dice& dice, const RandomData& data);

}  // namespace logi::reference
