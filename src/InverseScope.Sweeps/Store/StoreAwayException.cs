using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>The server of a store did not answer for longer than it is waited for; what was committed is kept, and the same may be tried again later.</summary>
public sealed class StoreAwayException(string message, Exception? inner = null) : OutsideServiceException(message, inner);
