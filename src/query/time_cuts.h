// Where the time of a query is cut into pieces.
//
// A segment that is open where two pieces meet is read for both, so pieces meet where little is
// open. Where much is open all the time, larger pieces are made.
#pragma once

#include "query/spread.h"

#include <cstdint>
#include <vector>

namespace logi::query {

// Something with entries in a time, both ends included.
struct Occupied {
    Timestamp first;
    Timestamp last;
    std::uint64_t bytes = 0;
    bool here = false;  // only this process can read it
};

struct PieceTime {
    Timestamp first;  // both included
    Timestamp last;
    bool here = false;  // this process has to read it
};

// The pieces of the time from `first` to `last`, ascending; they leave out no time. Where they end
// depends little on where the query's time does, so that the same segments go to the same readers.
std::vector<PieceTime> cut_into_pieces(std::vector<Occupied> occupied,
                                       Timestamp first,
                                       Timestamp last,
                                       const SplitOptions& options);

// How much is worth a piece of a query over so much.
std::uint64_t piece_bytes_of(std::uint64_t bytes, const SplitOptions& options);

}  // namespace logi::query
