namespace InverseScope.Service.Desk;

/// <summary>Somebody changed it since it was read. Nothing was written.</summary>
/// <param name="what">What was changed, as a sentence.</param>
public sealed class EditConflictException(string what) : Exception(what);
