// A segment that lies in a file by itself.
#pragma once

#include "io/file_system.h"
#include "segment/segment_reader.h"

#include <memory>
#include <string>

namespace logi::local {

// As SegmentReader::open().
StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment_file(io::FileSystem& files,
                                                                          const std::string& path);

}  // namespace logi::local
