// The directory of a segment of format 6 and older, which is one region.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "segment/root.h"
#include "segment/stream_page.h"

#include <cstdint>
#include <memory>

namespace logi::segment {

struct OldDirectory {
    Root root;                                  // its pages of streams have no places in the file
    std::shared_ptr<const StreamPage> streams;  // all of them
};

// kDataLoss if the bytes are none.
StatusOr<OldDirectory> decode_old_directory(base::Buffer raw, std::uint32_t version);

}  // namespace logi::segment
