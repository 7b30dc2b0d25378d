namespace InverseScope.Core.Tasks;

/// <summary>
/// A task that knows more of its texts than they show, such as the direction of a translation or where a text comes
/// from. Specs read it with the step <c>variable</c>, and references can be chosen by it.
/// </summary>
public interface IVariableTask : ITask
{
    /// <summary>Names of the variables, in the order in which they are shown.</summary>
    IReadOnlyList<string> Variables { get; }

    /// <summary>
    /// The value of a variable at a text; null where the text has none, is not of this prior, or could have several.
    /// </summary>
    /// <param name="variable">One of <see cref="Variables"/>; null is the value of any other.</param>
    string? ValueOf(string variable, string text);
}
