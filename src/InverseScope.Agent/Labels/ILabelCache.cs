using System.Collections.Concurrent;
using System.Globalization;
using InverseScope.Agent.Chat;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Labels;

/// <summary>What an answer about a text depends on, besides the text.</summary>
/// <param name="SpecHash">Of the feature spec that asks.</param>
/// <param name="Model">Identity of the model that answered, its digest where there is one; then settings that are not the default.</param>
/// <param name="PromptHash">Of the prompt file.</param>
/// <param name="Vote">Which of several answers about the same text, from 0; those of a second labelling, to compare with, begin at 1000.</param>
public readonly record struct LabelScope(string SpecHash, string Model, string PromptHash, int Vote)
{
    /// <param name="temperature">Of an answer that is voted on; null where it is the default, or none is.</param>
    internal static string ModelOf(ChatModel model, double? temperature = null) => string.Join(
        ", ", new[] { model.Identity, model.Settings, temperature is { } t ? string.Create(CultureInfo.InvariantCulture, $"votes at {t:R}") : null }.OfType<string>());
}

/// <summary>
/// Answers that were given already, so that none is asked for twice, across runs where it is stored. Thread-safe.
/// </summary>
public interface ILabelCache
{
    /// <summary>The answer about a text; null if it was not asked for.</summary>
    LabelAnswer? Find(LabelScope scope, string text);

    /// <summary>Keeps answers before it returns: all of them or none. One that is there stays.</summary>
    void Add(LabelScope scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers);

    /// <summary>All answers of a scope by text, in the order in which they were added.</summary>
    IReadOnlyList<KeyValuePair<string, LabelAnswer>> All(LabelScope scope);
}

/// <summary>A cache that ends with the process.</summary>
public sealed class MemoryLabelCache : ILabelCache
{
    private readonly ConcurrentDictionary<LabelScope, OrderedDictionary<string, LabelAnswer>> _scopes = new();

    public LabelAnswer? Find(LabelScope scope, string text)
    {
        var answers = Of(scope);
        lock (answers)
            return answers.TryGetValue(text, out var answer) ? answer : null;
    }

    public void Add(LabelScope scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers)
    {
        var known = Of(scope);
        lock (known)
        {
            foreach (var (text, answer) in answers)
                known.TryAdd(text, answer);
        }
    }

    public IReadOnlyList<KeyValuePair<string, LabelAnswer>> All(LabelScope scope)
    {
        var answers = Of(scope);
        lock (answers)
            return [.. answers];
    }

    private OrderedDictionary<string, LabelAnswer> Of(LabelScope scope) =>
        _scopes.GetOrAdd(scope, static _ => new OrderedDictionary<string, LabelAnswer>(StringComparer.Ordinal));
}
