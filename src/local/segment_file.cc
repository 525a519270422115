#include "local/segment_file.h"

namespace logi::local {
namespace {

class DiskFile final : public segment::SegmentFile {
  public:
    explicit DiskFile(std::shared_ptr<const io::ReadableFile> file) : file_(std::move(file)) {}
    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        return file_->read(offset, length);
    }

  private:
    std::shared_ptr<const io::ReadableFile> file_;
};

}  // namespace

StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment_file(io::FileSystem& files,
                                                                          const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(auto file, files.open(path));
    return segment::SegmentReader::open(std::make_shared<DiskFile>(std::move(file)), path);
}

}  // namespace logi::local
