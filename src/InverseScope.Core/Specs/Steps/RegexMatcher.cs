using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Regular expressions inside the budget of an evaluation.</summary>
internal static class RegexMatcher
{
    /// <summary>Matches of a group; those in which the group took no part are left out.</summary>
    public static Value Matches(Regex regex, string group, in TextSlice text, Evaluation evaluation)
    {
        var list = evaluation.NewList();
        var source = text.ToString();
        var began = Stopwatch.GetTimestamp();
        try
        {
            if (group == "0")
            {
                foreach (var match in regex.EnumerateMatches(source))
                    list.Add(new TextSlice(source, match.Index, match.Length));
                return evaluation.SpendRegexTime(began) ? Value.Of(list) : Value.Undefined;
            }

            for (var match = regex.Match(source); match.Success; match = match.NextMatch())
            {
                if (match.Groups[group] is { Success: true } found)
                    list.Add(new TextSlice(source, found.Index, found.Length));
            }

            return evaluation.SpendRegexTime(began) ? Value.Of(list) : Value.Undefined;
        }
        catch (RegexMatchTimeoutException)
        {
            evaluation.Exhaust();
            return Value.Undefined;
        }
    }

    public static Value Replace(Regex regex, string with, in TextSlice text, Evaluation evaluation)
    {
        var source = text.ToString();
        StringBuilder? result = null;
        var done = 0;
        var began = Stopwatch.GetTimestamp();
        try
        {
            foreach (var match in regex.EnumerateMatches(source))
            {
                // Before it is made: one replacement may lengthen a text many thousand times.
                if (!evaluation.Spend(with.Length))
                    return Value.Undefined;
                result ??= new StringBuilder(source.Length);
                result.Append(source, done, match.Index - done).Append(with);
                done = match.Index + match.Length;
            }
        }
        catch (RegexMatchTimeoutException)
        {
            evaluation.Exhaust();
            return Value.Undefined;
        }

        if (!evaluation.SpendRegexTime(began))
            return Value.Undefined;
        return Value.Of(result is null ? source : result.Append(source, done, source.Length - done).ToString());
    }

    public static Value IsMatch(Regex regex, in TextSlice text, Evaluation evaluation)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var isMatch = regex.IsMatch(text.Span);
            return evaluation.SpendRegexTime(began) ? Value.Of(isMatch) : Value.Undefined;
        }
        catch (RegexMatchTimeoutException)
        {
            evaluation.Exhaust();
            return Value.Undefined;
        }
    }
}
