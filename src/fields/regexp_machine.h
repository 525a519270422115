// Runs the program of a regular expression over texts that are known only in part: where its
// threads stand, and which places they have noted, is a state, and states have numbers.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "regex/program.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

namespace logi::fields {

// Places that threads note.
inline constexpr int kNowhere = -1;  // the group took no part
inline constexpr int kInside = -2;   // somewhere within a hole

class RegexpMachine {
  public:
    using StateId = std::uint32_t;

    // The program must outlive it.
    explicit RegexpMachine(const regex::Program& program);

    // Bytes that no set of the program tells apart are of one class.
    [[nodiscard]] std::size_t classes() const { return class_bytes_.size(); }
    [[nodiscard]] std::size_t class_of(unsigned char byte) const { return class_of_[byte]; }
    [[nodiscard]] const std::bitset<128>& bytes(std::size_t of_class) const {
        return class_bytes_[of_class];
    }

    // Before the text.
    [[nodiscard]] StateId begin() const { return 0; }
    // After a byte of the class that stands at `place`, which is 0 at the beginning of the text.
    StateId step(StateId state, std::size_t byte_class, int place);
    // After the end of the text, which is at `place`.
    StateId end(StateId state, int place);

    [[nodiscard]] bool matched(StateId state) const { return (*states_[state])[0] != 0; }
    // Whether it has matched, and nothing can come of what follows.
    [[nodiscard]] bool done(StateId state) const {
        return matched(state) && states_[state]->size() == 1 + saves_;
    }
    // Of a state that has matched: where a group begins, or with 1 more where it ends.
    [[nodiscard]] int save(StateId state, std::size_t slot) const {
        return (*states_[state])[1 + slot];
    }
    // Steps of threads so far: what it all costs.
    [[nodiscard]] std::size_t work() const { return work_; }

  private:
    // Whether it has matched, then the places if it has, then per thread, in their order, its step
    // and its places.
    using State = std::vector<int>;

    struct Where {
        std::size_t byte_class = 0;
        int place = 0;
        bool at_end = false;
    };
    StateId advance(StateId state, const Where& where);
    void follow(std::uint16_t step, const Where& where);
    StateId number_of(State state);

    const regex::Program& program_;
    const std::size_t saves_;
    std::array<std::uint8_t, 128> class_of_{};
    std::vector<std::bitset<128>> class_bytes_;
    std::vector<std::vector<bool>> set_has_class_;
    absl::flat_hash_map<State, StateId> numbers_;
    std::vector<std::unique_ptr<const State>> states_;  // which stay where they are
    std::size_t work_ = 0;

    // Of the step that is being made.
    std::vector<int> places_;  // of the thread that is followed
    std::vector<int> match_;
    std::vector<int> threads_;
    bool cut_ = false;                     // one has matched: those that come later do not count
    std::vector<std::uint32_t> followed_;  // per step, when last
    std::vector<std::uint32_t> taken_;
    std::uint32_t round_ = 0;
};

}  // namespace logi::fields
