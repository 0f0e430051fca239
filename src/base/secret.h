// A password or key. Wiped when it goes; cannot be printed or copied by accident.
#pragma once

#include "base/bytes.h"

namespace winrm::base {

/// Overwrites memory in a way the optimiser keeps.
void wipe(void* data, std::size_t size) noexcept;

/// Overwrites what calls from here on down have left on the stack: registers that held a secret are saved there, too.
void wipe_stack() noexcept;

class secret
{
public:
    secret() = default;
    /// Takes the text over and wipes the argument.
    explicit secret(std::string&& text);
    secret(secret&& other) noexcept;
    secret& operator=(secret&& other) noexcept;
    secret(const secret&) = delete;
    secret& operator=(const secret&) = delete;
    ~secret();

    /// An explicit copy, easy to find in reviews.
    [[nodiscard]] secret clone() const;
    /// The clear text; lives as long as this object stays unchanged.
    [[nodiscard]] bytes_view reveal() const noexcept { return text_; }
    /// In a time that depends on the lengths only.
    [[nodiscard]] bool operator==(const secret& other) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    std::string text_;
};

} // namespace winrm::base
