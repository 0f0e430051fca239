// How soon a Receive is asked again. Pure: what came and how long it took go in, pauses come out.
#pragma once

#include "base/duration.h"

#include <winrm/error.h>

#include <array>
#include <optional>

namespace winrm::shell {

struct pace_options
{
    /// An answer that brings nothing sooner than this after the question shows a host that does not wait for output at
    /// all (Windows accepts no MaxTimeoutms below it). It is asked again after a rest that doubles from the first to
    /// the longest: else both ends were busy for ever.
    base::milliseconds no_wait_at_all{500};
    base::milliseconds first_rest{250}, longest_rest{8'000};
    /// Before each further try, after a connection was lost or could not be made. No more tries than these in a row.
    std::array<base::milliseconds, 3> tries{base::milliseconds{0}, base::milliseconds{1'000},
                                            base::milliseconds{3'000}};
    /// Further tries after a connection stayed silent beyond all patience, at once: each has taken long enough.
    int silent_tries = 1;
};

class pace
{
public:
    explicit pace(const pace_options& o) : options_(o) {}

    enum class answer {
        news,
        timed_out, ///< the fault TimedOut
        empty      ///< an answer with nothing in it
    };
    /// @param took  from the question to the answer
    /// @return rest before the next Receive, 0 = none
    [[nodiscard]] base::milliseconds answered(answer what, base::milliseconds took);
    /// @return pause before the same Receive is asked again; nullopt: that would not help, or has been done enough
    [[nodiscard]] std::optional<base::milliseconds> failed(errc why);

private:
    pace_options options_;
    base::milliseconds next_rest_{0};
    std::size_t lost_ = 0;
    int silent_ = 0;
    bool empty_before_ = false;
};

} // namespace winrm::shell
