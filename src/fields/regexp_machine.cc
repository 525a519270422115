#include "fields/regexp_machine.h"

#include <algorithm>
#include <map>
#include <utility>

namespace logi::fields {

using regex::Program;

RegexpMachine::RegexpMachine(const Program& program)
    : program_(program),
      saves_(2 * program.groups),
      followed_(program.steps.size()),
      taken_(program.steps.size()) {
    std::map<std::vector<bool>, std::size_t> known;
    for (std::size_t byte = 0; byte < class_of_.size(); ++byte) {
        std::vector<bool> in;
        for (const auto& set : program.sets) {
            in.push_back(set[byte]);
        }
        const auto [it, is_new] = known.emplace(std::move(in), known.size());
        if (is_new) {
            class_bytes_.emplace_back();
        }
        class_of_[byte] = static_cast<std::uint8_t>(it->second);
        class_bytes_[it->second].set(byte);
    }
    set_has_class_.assign(program.sets.size(), std::vector<bool>(class_bytes_.size()));
    for (const auto& [in, number] : known) {
        for (std::size_t set = 0; set < in.size(); ++set) {
            set_has_class_[set][number] = in[set];
        }
    }
    number_of({0});
}

RegexpMachine::StateId RegexpMachine::step(StateId state, std::size_t byte_class, int place) {
    return advance(state, {byte_class, place, false});
}

RegexpMachine::StateId RegexpMachine::end(StateId state, int place) {
    return advance(state, {0, place, true});
}

RegexpMachine::StateId RegexpMachine::advance(StateId state, const Where& where) {
    const State& from = *states_[state];
    const bool had_match = from[0] != 0;
    match_.clear();
    threads_.clear();
    cut_ = false;
    ++round_;
    std::size_t at = 1;
    if (had_match) {
        match_.assign(from.begin() + 1, from.begin() + 1 + static_cast<std::ptrdiff_t>(saves_));
        at += saves_;
    }
    for (; at < from.size() && !cut_; at += 1 + saves_) {
        const auto places = from.begin() + static_cast<std::ptrdiff_t>(at) + 1;
        places_.assign(places, places + static_cast<std::ptrdiff_t>(saves_));
        follow(static_cast<std::uint16_t>(from[at]), where);
    }
    // Until something has matched, a match may begin anywhere.
    if (!cut_ && !had_match) {
        places_.assign(saves_, kNowhere);
        follow(program_.start, where);
    }
    State to;
    to.reserve(1 + match_.size() + threads_.size());
    to.push_back(match_.empty() ? 0 : 1);
    to.insert(to.end(), match_.begin(), match_.end());
    to.insert(to.end(), threads_.begin(), threads_.end());
    return number_of(std::move(to));
}

void RegexpMachine::follow(std::uint16_t number, const Where& where) {
    if (cut_ || followed_[number] == round_) {
        return;
    }
    followed_[number] = round_;
    ++work_;
    const Program::Step& step = program_.steps[number];
    switch (step.op) {
        case Program::Op::kByte:
            // Of threads that stand at one step, the first one is the last one.
            if (!where.at_end && set_has_class_[step.index][where.byte_class] &&
                taken_[step.next] != round_) {
                taken_[step.next] = round_;
                threads_.push_back(step.next);
                threads_.insert(threads_.end(), places_.begin(), places_.end());
            }
            break;
        case Program::Op::kSplit:
            follow(step.next, where);
            follow(step.other, where);
            break;
        case Program::Op::kSave: {
            const int before = std::exchange(places_[step.index], where.place);
            follow(step.next, where);
            places_[step.index] = before;
            break;
        }
        case Program::Op::kBegin:
            if (where.place == 0) {
                follow(step.next, where);
            }
            break;
        case Program::Op::kEnd:
            if (where.at_end) {
                follow(step.next, where);
            }
            break;
        case Program::Op::kMatch:
            match_ = places_;
            cut_ = true;
            break;
    }
}

RegexpMachine::StateId RegexpMachine::number_of(State state) {
    const auto [it, is_new] = numbers_.try_emplace(state, static_cast<StateId>(states_.size()));
    if (is_new) {
        states_.push_back(std::make_unique<const State>(std::move(state)));
    }
    return it->second;
}

}  // namespace logi::fields
