// Cutting a query into pieces that different readers may read: by time, and what is too much for a
// piece by streams.
//
// Equal entries, which are one, have the same time and stream: so a piece has all of both, and no
// two pieces have to compare what they found.
#pragma once

#include "query/spread.h"
#include "query/stream_range.h"
#include "query/time_cuts.h"

#include <functional>
#include <string>
#include <vector>

namespace logi::query {

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
