// Cutting the time of a query into pieces that different readers may read.
//
// Equal entries, which are one, have the same time: so a piece has all of its time, and no two
// pieces have to compare what they found. A segment that is open where two pieces meet is read for
// both, so pieces meet where little is open. Where much is open all the time it is cut by streams.
#pragma once

#include "query/spread.h"
#include "query/stream_range.h"

#include <cstdint>
#include <functional>
#include <string>
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

// A piece with what there is in it.
struct Piece {
    PieceTime time;
    StreamRange streams;
    std::string key;                // for Readers::for_key()
    std::vector<StoredPart> parts;  // of the segments those that have its time
    exec::Sources sources;          // the same for this process, with what only that can read
};

// What one pass over a spread wants.
struct Wanted {
    std::vector<Matcher> matchers;
    Timestamp first;  // both included
    Timestamp last;
    // Whether it reads what is selected. Else directories and few blocks tell the answer, and who
    // reads some streams of a time reads as many directories as who reads all.
    bool reads_rows = true;
};

// The pieces of one pass, by time and within a time by streams; a single one where it is not worth
// it to ask others. Directories of segments are read as tasks; `done` is called once. The spread
// must live until then.
void find_pieces(io::Executor& executor,
                 const Spread& spread,
                 const Wanted& wanted,
                 const io::CancelToken& cancel,
                 std::function<void(StatusOr<std::vector<Piece>>)> done);

}  // namespace logi::query
