// Other readers, in this process, that fail in all ways that readers do.
#pragma once

#include "dice.h"
#include "query/spread.h"

#include <map>
#include <memory>
#include <string>

namespace logi::reference {

// They fail, answer late, never, twice, half, with other bytes than they should, are of an older
// version, or answer as they should.
// One thread.
class FaultyReaders final : public query::Readers {
  public:
    using Segments = std::map<std::string, std::shared_ptr<const segment::Source>>;
    FaultyReaders(std::shared_ptr<io::Executor> executor, Segments segments, std::uint64_t seed);

    [[nodiscard]] std::vector<std::string> for_key(std::string_view key) const override;
    void ask(const std::string& reader,
             std::string sub_plan,
             Duration timeout,
             io::CancelToken cancel,
             std::function<void(StatusOr<std::string>)> done) override;

    [[nodiscard]] std::size_t asked() const { return asked_; }
    // Of those, for some streams only.
    [[nodiscard]] std::size_t asked_for_streams() const { return asked_for_streams_; }
    [[nodiscard]] std::size_t faults() const { return faults_; }

  private:
    using Done = std::function<void(StatusOr<std::string>)>;
    void serve(const std::string& sub_plan, const io::CancelToken& cancel, Done done);
    void damage(std::string& answer);
    void hang(Duration left, const io::CancelToken& cancel, const Done& done);

    const std::shared_ptr<io::Executor> executor_;
    const Segments segments_;
    Dice dice_;
    std::size_t fault_percent_ = 0;
    std::size_t asked_ = 0;
    std::size_t asked_for_streams_ = 0;
    std::size_t faults_ = 0;
};

}  // namespace logi::reference
