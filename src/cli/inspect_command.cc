#include "catalog/inspect.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "io/file_system.h"
#include "journal/inspect.h"
#include "local/segment_file.h"
#include "segment/inspect.h"

#include <cstdio>

namespace logi::cli {
namespace {

Status dump_segment(io::FileSystem& files, const InspectArgs& args, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(const auto segment, local::open_segment_file(files, args.path));
    return segment::dump(*segment, args.segment, out);
}

}  // namespace

int inspect_command(const InspectArgs& args) {
    const auto files = io::make_posix_file_system();
    std::string out;
    const Status status = args.kind == "segment"   ? dump_segment(*files, args, out)
                          : args.kind == "journal" ? journal::dump(*files, args.path, out)
                                                   : catalog::dump(*files, args.path, out);
    std::fputs(out.c_str(), stdout);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
