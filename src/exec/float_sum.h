// A sum of doubles whose rounding does not show: Neumaier's compensated summation. Adding in
// another order, or merging partial sums, gives the same double in all but contrived cases.
#pragma once

#include <cmath>

namespace logi::exec {

class FloatSum {
  public:
    void add(double x) {
        const double t = sum_ + x;
        compensation_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
        sum_ = t;
    }
    void add(const FloatSum& other) {
        add(other.sum_);
        compensation_ += other.compensation_;
    }
    // Infinities make the compensation NaN; the plain sum is right then.
    [[nodiscard]] double value() const {
        return std::isfinite(compensation_) ? sum_ + compensation_ : sum_;
    }

    // All that it is, for another process to go on with.
    struct Parts {
        double sum = 0;
        double compensation = 0;
    };
    [[nodiscard]] Parts parts() const { return {sum_, compensation_}; }
    static FloatSum of(const Parts& parts) {
        FloatSum sum;
        sum.sum_ = parts.sum;
        sum.compensation_ = parts.compensation;
        return sum;
    }

  private:
    double sum_ = 0;
    double compensation_ = 0;
};

// Mean and squared deviations, mergeable (Welford's update; Chan, Golub and LeVeque's merge).
class Moments {
  public:
    void add(double x) {
        count_ += 1;
        const double delta = x - mean_;
        mean_ += delta / count_;
        squares_ += delta * (x - mean_);
    }
    void add(const Moments& other) {
        if (count_ == 0 || other.count_ == 0) {
            *this = count_ == 0 ? other : *this;
            return;
        }
        const double count = count_ + other.count_;
        const double delta = other.mean_ - mean_;
        squares_ += other.squares_ + delta * delta * count_ * other.count_ / count;
        mean_ += delta * other.count_ / count;
        count_ = count;
    }
    [[nodiscard]] double mean() const { return mean_; }
    // Of the population.
    [[nodiscard]] double variance() const { return squares_ / count_; }

    // All that it is, for another process to go on with.
    struct Parts {
        double count = 0;
        double mean = 0;
        double squares = 0;
    };
    [[nodiscard]] Parts parts() const { return {count_, mean_, squares_}; }
    static Moments of(const Parts& parts) {
        Moments moments;
        moments.count_ = parts.count;
        moments.mean_ = parts.mean;
        moments.squares_ = parts.squares;
        return moments;
    }

  private:
    double count_ = 0;
    double mean_ = 0;
    double squares_ = 0;
};

}  // namespace logi::exec
